import FoundationEssentials
import OCSF
import Spool

/// The directory of a replay's new spool. Its subdirectory `_replay/` contains the journals, and `replay.json`, which says what is replayed and how.
/// So a second run can only continue the same replay.
struct ReplayTarget {
    private struct Description: Codable, Equatable {
        static let format = 1

        var format = Self.format
        /// The old spool's id.
        var source: String
        var schema: String
        /// A hash of the program's version and of everything that affects the contents of a record.
        var mapping: String
    }

    let directory: String
    var stateDirectory: String { "\(directory)/_replay" }
    private var file: String { "\(stateDirectory)/replay.json" }

    /// Begins a replay in a directory that is empty or missing, or continues the same replay.
    func begin(source: String, schema: SchemaVersion, mapping: String) throws(ReplayError) {
        let wanted = Description(source: source, schema: schema.name, mapping: mapping)
        if let found = FileManager.default.contents(atPath: file) {
            guard let known = try? JSONDecoder().decode(Description.self, from: found),
                known.format == Description.format
            else {
                throw refused(
                    "_replay/replay.json is damaged, or of another version of Tributary: replay into a new directory")
            }
            guard known.source == wanted.source else {
                throw refused("the directory holds the replay of another spool: name a new directory")
            }
            guard known.schema == wanted.schema else {
                throw refused(
                    "the replay in the directory has records of \(known.schema), not \(wanted.schema): name a new directory"
                )
            }
            guard known.mapping == wanted.mapping else {
                throw refused(
                    "the replay in the directory was begun by another version of Tributary or with other options (record, my_network): "
                        + "continue with that version and those options, or name a new directory")
            }
            return
        }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        if let other = entries.first(where: { $0 != "_replay" && $0 != "lost+found" }) {
            throw refused(
                "the directory contains \(other), but no replay: name a directory that is empty or does not exist")
        }
        do {
            try FileManager.default.createDirectory(atPath: stateDirectory, withIntermediateDirectories: true)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try write(encoder.encode(wanted) + Data("\n".utf8))
        } catch {
            throw refused("the directory can't be written: \(error)")
        }
    }

    /// Writes `replay.json` durably, before anything else. Without this file, the new spool would not be recognized as that of a replay.
    private func write(_ contents: Data) throws {
        let fileSystem = PosixFileSystem()
        let opened = try fileSystem.open("\(file).tmp", .replace)
        defer { fileSystem.close(opened) }
        let outcome = contents.withUnsafeBytes { bytes in
            Result { () throws(SpoolError) in try fileSystem.write(opened, at: 0, bytes) }
        }
        try outcome.get()
        try fileSystem.synchronize(opened)
        try fileSystem.rename("\(file).tmp", to: file)
        for path in [stateDirectory, directory] { try fileSystem.synchronizeDirectory(path) }
    }

    private func refused(_ reason: String) -> ReplayError { .wrongTarget(path: directory, reason: reason) }
}

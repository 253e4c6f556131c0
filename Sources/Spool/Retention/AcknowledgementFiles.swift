import CommandHints
import FoundationEssentials
import Glibc

/// `SPOOL/_acks`, where loaders record up to which position they have loaded. Loaders write there as members of the spool's group; the daemon only
/// reads.
///
/// If a file in this directory can't be read, it may belong to a loader that has acknowledged nothing. So `all` throws, and nothing is deleted.
///
/// Every member of the group can create anything there under any name. So this code follows no link, does not wait for a FIFO or a lock, and reads
/// only a few bytes. It creates a new file under a random name that must not exist. It may run as root, so it replaces no file of another user.
package struct AcknowledgementFiles: Sendable {
    package static let directoryName = "_acks"
    /// The maximum number of loaders of one spool.
    static let loaderLimit = 256
    /// The maximum number of entries in the directory: loaders' files, and temporary files that killed processes left.
    private static let nameLimit = 4_096
    /// The maximum size of an acknowledgement in bytes, far more than an acknowledgement needs.
    private static let sizeLimit = 4 << 10
    private static let suffix = ".json"
    /// A temporary file that is older than this was left by a killed process. Seconds.
    private static let temporaryLife: Int64 = 3_600

    let fileSystem: any FileSystem
    let spool: String
    private let manifest: ManifestScan

    package init(spool: String, fileSystem: any FileSystem = PosixFileSystem()) {
        self.spool = spool
        self.fileSystem = fileSystem
        manifest = ManifestScan(fileSystem, directory: spool)
    }

    package var directory: String { "\(spool)/\(Self.directoryName)" }

    /// The acknowledgements of all loaders. Throws `refused` for an invalid acknowledgement, and for one that does not match the manifest.
    ///
    /// - Parameter expected: loaders that must acknowledge segments even if they have not registered yet. They count as having acknowledged nothing.
    package func all(expecting expected: [String] = []) throws(SpoolError) -> [Acknowledgement] {
        let found = try registered()
        let missing = expected.filter { name in !found.contains { $0.loader == name } }
        return found + missing.map { Acknowledgement(loader: $0, sequence: 0, path: "", acknowledgedAt: "") }
    }

    private func registered() throws(SpoolError) -> [Acknowledgement] {
        guard try fileSystem.status(directory) != nil else { return [] }
        let opened = try fileSystem.openDirectory(directory)
        defer { fileSystem.close(opened) }
        let names = try names(opened).filter { !$0.hasPrefix(".") }.sorted()
        guard names.count <= Self.loaderLimit else { throw .tooMuch(what: "loaders", limit: Self.loaderLimit) }
        let bounds = try manifest.bounds()
        var found: [Acknowledgement] = []
        for name in names {
            guard let acknowledgement = try read(name, in: opened)?.acknowledgement else { continue }
            try check(acknowledgement, bounds)
            found.append(acknowledgement)
        }
        return found
    }

    /// The acknowledgement of one loader, even if those of other loaders are invalid; nil if the loader isn't registered. Throws `refused` if it is
    /// invalid or does not match the manifest.
    package func acknowledgement(of loader: String) throws(SpoolError) -> Acknowledgement? {
        try Acknowledgement.checkName(loader)
        guard try fileSystem.status(directory) != nil else { return nil }
        let opened = try fileSystem.openDirectory(directory)
        defer { fileSystem.close(opened) }
        guard let found = try read(loader + Self.suffix, in: opened)?.acknowledgement else { return nil }
        try check(found, try manifest.bounds())
        return found
    }

    /// Writes a loader's acknowledgement that it has durably stored everything up to a position. Returns the acknowledgement that the file then has.
    ///
    /// If two processes acknowledge for one loader at the same time, the smaller position may remain. The only effect is that segments are kept
    /// longer. There is no lock, because any member of the group could hold it permanently.
    ///
    /// Throws `refused` for an invalid position or name, and `file` with EPERM if the loader's file belongs to another user.
    @discardableResult
    package func acknowledge(_ loader: String, through sequence: Int64, at wall: Int64) throws(SpoolError)
        -> Acknowledgement
    {
        try Acknowledgement.checkName(loader)
        let opened = try fileSystem.openDirectory(directory)
        defer { fileSystem.close(opened) }
        let name = loader + Self.suffix
        let found = try read(name, in: opened)
        if let owner = found?.owner, owner != geteuid() {
            throw .file(FileError(.rename, "\(directory)/\(name)", code: EPERM))
        }
        let earlier = found?.acknowledgement
        if let objection = Acknowledgement.objection(
            to: sequence, after: earlier?.sequence, in: try manifest.bounds(), loader: loader)
        {
            throw .refused(objection)
        }
        if let earlier, earlier.sequence == sequence { return earlier }
        let names = try names(opened)
        if earlier == nil, names.count(where: { !$0.hasPrefix(".") }) >= Self.loaderLimit {
            throw .tooMuch(what: "loaders", limit: Self.loaderLimit)
        }
        // Makes the manifest's lines durable first. A reader can see a line a moment before it is durable. If that line were lost in a power cut,
        // another segment could get its position.
        try manifest.synchronize()
        var path = ""
        if sequence > 0 {
            guard let line = try manifest.line(at: sequence) else {
                throw .refused(
                    "the manifest has no complete line at position \(sequence): acknowledge a listed position")
            }
            path = line.path
        }
        let next = Acknowledgement(
            loader: loader, sequence: sequence, path: path, acknowledgedAt: CivilTime(milliseconds: wall).rfc3339)
        try write(next, name, in: opened)
        try removeAbandoned(names, of: loader, in: opened)
        return next
    }

    /// Removes a loader, even if its file can't be read. Segments are no longer kept for it. Throws `refused` if there is no such loader.
    package func remove(_ loader: String) throws(SpoolError) {
        try Acknowledgement.checkName(loader)
        guard try fileSystem.status(directory) != nil else { throw .refused("there is no loader \(loader)") }
        let opened = try fileSystem.openDirectory(directory)
        defer { fileSystem.close(opened) }
        let name = loader + Self.suffix
        guard let status = try fileSystem.status(name, in: opened) else {
            throw .refused("there is no loader \(loader)")
        }
        guard !status.isDirectory else {
            throw .refused("\(directory)/\(name) is a directory: remove it with rm -r, as root or as its owner")
        }
        try fileSystem.unlink(name, in: opened)
        try fileSystem.synchronizeDirectory(opened)
    }

    private func names(_ directory: OpenFile) throws(SpoolError) -> [String] {
        guard let entries = try fileSystem.list(directory, limit: Self.nameLimit) else {
            throw .refused(
                "\(directory.path) has more than \(Self.nameLimit) files: remove all files that are not acknowledgements"
            )
        }
        return entries.map(\.name)
    }

    /// Reads an acknowledgement; nil if there is no such file. Checks the open file, too, because its name may refer to another file by then.
    private func read(
        _ name: String, in directory: OpenFile
    ) throws(SpoolError) -> (acknowledgement: Acknowledgement, owner: UInt32?)? {
        guard let named = try fileSystem.status(name, in: directory) else { return nil }
        guard named.isRegular else { throw unbelievable(name, "the path is not a regular file") }
        let file: OpenFile
        do {
            file = try fileSystem.open(name, in: directory, .read)
        } catch .file(let error) where error.code == ENOENT {
            return nil
        } catch .file(let error) where error.code == ELOOP {
            throw unbelievable(name, "the path is not a regular file")
        }
        defer { fileSystem.close(file) }
        let status = try fileSystem.status(of: file)
        guard status.isRegular, status.size <= Self.sizeLimit else {
            throw unbelievable(name, "the file is too large, or is not a regular file")
        }
        let bytes = try fileSystem.bytes(file, from: 0, to: status.size)
        guard name.hasSuffix(Self.suffix),
            let found = try? JSONDecoder().decode(Acknowledgement.self, from: Data(bytes)),
            found.loader + Self.suffix == name, found.sequence >= 0
        else { throw unbelievable(name, "the file was not written by `tributary spool ack`") }
        guard found.format <= Acknowledgement.currentFormat else {
            throw .newerFormat(
                path: file.path, found: UInt32(clamping: found.format),
                supported: UInt32(Acknowledgement.currentFormat))
        }
        return (found, status.owner)
    }

    private func check(_ acknowledgement: Acknowledgement, _ bounds: ClosedRange<Int64>?) throws(SpoolError) {
        let sequence = acknowledgement.sequence
        // The beginning of a manifest may have been dropped. A position in that part can't be checked. It permits no deletion, because all listed
        // segments come after it.
        guard sequence > 0, sequence >= bounds?.lowerBound ?? 0 else { return }
        guard try manifest.line(at: sequence)?.path == acknowledgement.path else {
            throw unbelievable(
                acknowledgement.loader + Self.suffix,
                "its path is not the path that the manifest has at position \(sequence)")
        }
    }

    private func unbelievable(_ name: String, _ reason: String) -> SpoolError {
        // The command in the message accepts only valid names of loaders, so `NAME` replaces an invalid name.
        let loader = name.hasSuffix(Self.suffix) ? String(name.dropLast(Self.suffix.count)) : ""
        let shown = (try? Acknowledgement.checkName(loader)) == nil ? "NAME" : loader
        return .refused(
            "the acknowledgement \(directory)/\(name) is invalid: \(reason). Remove it with "
                + "`\(CommandHint.command("spool ack --loader \(shown) --remove"))`, and let the loader start again")
    }

    private func write(_ acknowledgement: Acknowledgement, _ name: String, in directory: OpenFile) throws(SpoolError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let text = try? encoder.encode(acknowledgement) else {
            throw .refused("the acknowledgement can't be written as JSON")
        }
        let temporary = Self.temporaryPrefix(acknowledgement.loader) + Self.random() + Self.temporarySuffix
        let file = try fileSystem.open(temporary, in: directory, .new)
        defer { fileSystem.close(file) }
        let store = ByteStore()
        store.append(String(decoding: text, as: UTF8.self) + "\n")
        do throws(SpoolError) {
            try fileSystem.write(file, at: 0, store.bytes)
            try fileSystem.synchronize(file)
            try fileSystem.rename(temporary, to: name, in: directory)
        } catch {
            try? fileSystem.unlink(temporary, in: directory)
            throw error
        }
        try fileSystem.synchronizeDirectory(directory)
    }

    /// Removes old temporary files of this loader, if they belong to this user. Killed processes have left them. Nothing relies on the removal.
    private func removeAbandoned(_ names: [String], of loader: String, in directory: OpenFile) throws(SpoolError) {
        let prefix = Self.temporaryPrefix(loader)
        for name in names where name.hasPrefix(prefix) && name.hasSuffix(Self.temporarySuffix) {
            guard let status = try? fileSystem.status(name, in: directory), status.isRegular,
                status.owner == geteuid(), status.modifiedAt < Int64(time(nil)) - Self.temporaryLife
            else { continue }
            try? fileSystem.unlink(name, in: directory)
        }
    }

    private static let temporarySuffix = ".new"

    /// The beginning of a temporary file's name. A loader's name contains no dot, so this prefix can't match another loader's files.
    private static func temporaryPrefix(_ loader: String) -> String { ".\(loader)." }

    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(UInt64.random(in: .min ... .max, using: &generator), radix: 36)
    }
}

import FoundationEssentials
import Spool

/// The files of a response log: `actions-NUMBER.ndjson`, with one entry per line. The number increases from file to file and is never reused. The
/// number of a new file is at least the time of its creation in milliseconds since 1970.
enum ResponseLogFile {
    /// Every line is shorter than this number of bytes, including its newline. Most entries have a few hundred bytes.
    static let lineLimit = 64 << 10
    /// When a file has reached this size in bytes, the next entry begins a new file.
    static let sizeLimit: Int64 = 4 << 20
    private static let prefix = "actions-"
    private static let suffix = ".ndjson"

    static func name(_ number: Int64) -> String {
        let digits = String(number)
        return prefix + String(repeating: "0", count: max(0, 15 - digits.count)) + digits + suffix
    }

    /// The numbers of the log's files in a directory, ascending. Files with other names are ignored.
    static func numbers(in directory: String, _ fileSystem: any FileSystem) throws(SpoolError) -> [Int64] {
        guard try fileSystem.status(directory) != nil else { return [] }
        return try fileSystem.list(directory).compactMap { entry in
            guard !entry.isDirectory, entry.name.hasPrefix(prefix), entry.name.hasSuffix(suffix) else { return nil }
            return Int64(entry.name.dropFirst(prefix.count).dropLast(suffix.count))
        }.sorted()
    }

    static func encode(_ entry: ResponseEntry) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(entry)) + [UInt8(ascii: "\n")]
    }

    static func decode(_ line: ArraySlice<UInt8>) -> ResponseEntry? {
        try? JSONDecoder().decode(ResponseEntry.self, from: Data(line))
    }
}

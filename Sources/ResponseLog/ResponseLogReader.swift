import Spool

/// How far a reader of the response log has come: the end of a line in one of the log's files.
package struct ResponseLogPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The file's number.
    var number: Int64
    /// The number of bytes from the start of the file.
    var offset: Int64

    /// Parses the text of ``description``.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int64(parts[0]), let offset = Int64(parts[1]), number >= 0, offset >= 0
        else { return nil }
        self.init(number: number, offset: offset)
    }

    init(number: Int64, offset: Int64) {
        self.number = number
        self.offset = offset
    }

    package var description: String { "\(number):\(offset)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.number, left.offset) < (right.number, right.offset)
    }
}

/// Some consecutive entries of the response log.
package struct ResponseLogBatch: Sendable {
    package var entries: [ResponseEntry]
    /// The position at which the next batch begins.
    package var next: ResponseLogPosition
    /// The number of lines that are not valid entries. Such lines exist only if the log is damaged.
    package var unreadableLines: Int
    /// Whether entries may have been missed, because the file in which reading should continue no longer exists or is shorter than before.
    package var hasGap: Bool
    /// Whether the end of the log was reached.
    package var isEnd: Bool
}

/// Reads complete lines of the response log, also while it is being written.
package struct ResponseLogReader: Sendable {
    private let directory: String
    private let fileSystem: any FileSystem

    package init(directory: String, fileSystem: any FileSystem = PosixFileSystem()) {
        self.directory = directory
        self.fileSystem = fileSystem
    }

    /// Whether the directory contains a log.
    package var isBegun: Bool {
        get throws(SpoolError) { try !ResponseLogFile.numbers(in: directory, fileSystem).isEmpty }
    }

    /// The next entries after a position, at most 64 KiB of each file. If the position is nil, reading starts with the oldest entry.
    ///
    /// - Throws: if a file can't be read. A missing directory counts as an empty log.
    package func read(after position: ResponseLogPosition?) throws(SpoolError) -> ResponseLogBatch {
        let numbers = try ResponseLogFile.numbers(in: directory, fileSystem)
        var position = position ?? ResponseLogPosition(number: numbers.first ?? 0, offset: 0)
        var batch = ResponseLogBatch(entries: [], next: position, unreadableLines: 0, hasGap: false, isEnd: true)
        if !numbers.contains(position.number) {
            guard let following = numbers.first(where: { $0 > position.number }) else { return batch }
            batch.hasGap = position.offset > 0
            position = ResponseLogPosition(number: following, offset: 0)
        }
        for number in numbers where number >= position.number {
            if number > position.number { position = ResponseLogPosition(number: number, offset: 0) }
            try read(&position, &batch)
            guard batch.isEnd else { break }
        }
        batch.next = position
        return batch
    }

    private func read(_ position: inout ResponseLogPosition, _ batch: inout ResponseLogBatch) throws(SpoolError) {
        let file = try fileSystem.open("\(directory)/\(ResponseLogFile.name(position.number))", .read)
        defer { fileSystem.close(file) }
        // The file is shorter than before if an earlier state of the log was restored.
        if try fileSystem.size(file) < position.offset { batch.hasGap = true }
        let bytes = try fileSystem.bytes(
            file, from: position.offset, to: position.offset + Int64(ResponseLogFile.lineLimit))
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let entry = ResponseLogFile.decode(bytes[start..<end]) {
                batch.entries.append(entry)
            } else {
                batch.unreadableLines += 1
            }
            start = end + 1
        }
        if start == 0, bytes.count == ResponseLogFile.lineLimit {
            // No valid line is this long, so the data is skipped.
            batch.unreadableLines += 1
            start = bytes.count
        }
        position.offset += Int64(start)
        batch.isEnd = bytes.count < ResponseLogFile.lineLimit
    }
}

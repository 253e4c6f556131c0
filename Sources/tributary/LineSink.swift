import ArgumentParser
import Glibc
import OCSF
import Spool

/// Writes records as lines to standard output, and rejections as lines to standard error.
struct LineSink: RecordSink {
    private static let capacity = 1 << 18

    let collectedAt: Int64
    /// The input's name in messages.
    var file = "-"
    private(set) var rejected = 0
    private var buffer: [UInt8] = []
    /// Whether to write explanations instead of records.
    private let explains: Bool
    private var explained: [UInt8]?

    init(collectedAt: Int64, explains: Bool = false) {
        self.collectedAt = collectedAt
        self.explains = explains
        buffer.reserveCapacity(2 * Self.capacity)
    }

    mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) {
        if explains {
            explained = Array(bytes)
            return
        }
        buffer.append(contentsOf: bytes)
        buffer.append(0x0A)
    }

    mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) {
        rejected += 1
        let what = rejection.object == nil ? "the event" : "the object"
        Terminal.complain("\(file): byte \(offset + rejection.position): \(what) \(rejection.explanation)")
    }

    /// Writes which rules decided the attributes of the last record.
    mutating func explain(_ explanations: [Explanation]) {
        guard let record = explained else { return }
        explained = nil
        buffer += ExplanationText.lines(record: record, explanations).utf8
    }

    mutating func flushIfFull() throws {
        if buffer.count >= Self.capacity { try flush() }
    }

    /// Writes the buffered output.
    ///
    /// - Throws: exit code 74. A message is printed first, unless the reader has closed the pipe (`| head`).
    mutating func flush() throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        try StandardOutput.write(buffer[...])
    }
}

/// Writes to standard output until all bytes are written.
enum StandardOutput {
    /// The errors that `put` throws contain this name instead of a file's path. By this name, callers recognize an error that is already reported.
    static let name = "standard output"

    /// Does the same as `write`, for callers that throw `SpoolError`. When this method throws, the message is already printed.
    static func put(_ bytes: some Collection<UInt8>) throws(SpoolError) {
        do { try write(bytes) } catch { throw .file(FileError(.write, name, code: 0)) }
    }

    static func write(_ bytes: some Collection<UInt8>) throws {
        let isWritten =
            bytes.withContiguousStorageIfAvailable { write($0) } ?? Array(bytes).withUnsafeBufferPointer { write($0) }
        guard isWritten else {
            if errno != EPIPE {
                Terminal.complain("tributary: cannot write to standard output: \(String(cString: strerror(errno)))")
            }
            throw ExitStatus.inputOutput
        }
    }

    private static func write(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(STDOUT_FILENO, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return false }
            written += count
        }
        return true
    }
}

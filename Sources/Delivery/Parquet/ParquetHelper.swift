import CommandHints
import FoundationEssentials
import Glibc
import Spool

/// Runs the program `libexec/export-parquet`, which reads records from its standard input and writes one Parquet file after the other. The program is
/// written in Python, because Swift has no library for Parquet.
package final class ParquetHelper {
    /// Why the helper can't continue, for a person.
    package struct Problem: Error {
        package enum Kind: Sendable {
            /// Python, pyarrow or the program itself is missing.
            case unavailable
            /// A record can't be read.
            case data
            /// The file can't be written.
            case file
            /// The helper ended unexpectedly.
            case ended
        }

        package let words: String
        package let kind: Kind
    }

    /// The helper's path: the value of `$TRIBUTARY_PARQUET`, or else `libexec/tributary/export-parquet` next to the `bin` directory of this program.
    package static var installed: String {
        if let path = ProcessInfo.processInfo.environment["TRIBUTARY_PARQUET"], !path.isEmpty { return path }
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/usr/bin/tributary"
        return URL(fileURLWithPath: program).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "libexec/tributary/export-parquet").path
    }

    private struct Header: Encodable {
        let `class`, target: String
        let records: Int
    }

    private struct Answer: Decodable {
        var ready: String?
        var rows: Int?
    }

    private let process: ChildProcess

    /// Starts the helper, and waits until it has loaded its library.
    ///
    /// - Parameter onStart: gets the process id before that wait, so that a hanging helper can be killed.
    package init(python: String, script: String, onStart: (pid_t) -> Void = { _ in }) throws {
        guard FileManager.default.isReadableFile(atPath: script) else {
            throw Problem(
                words:
                    "the program that writes Parquet can't be read: \(script); set its path with $TRIBUTARY_PARQUET or --helper",
                kind: .unavailable)
        }
        // env(1) starts the interpreter: it looks up a name in PATH, but uses a path as it is.
        do throws(ChildProcess.Failure) {
            process = try ChildProcess("/usr/bin/env", [python, script])
        } catch {
            throw Problem(words: "can't run \(python): \(error)", kind: .unavailable)
        }
        onStart(process.process)
        guard try answer().ready != nil else { throw ended() }
    }

    /// Writes a segment's records into a file and syncs it.
    ///
    /// - Parameters:
    ///   - path: the segment's path below `directory`.
    ///   - directory: the directory of the spool, or another directory with the segment's file.
    /// - Throws: ``Problem``, or `SpoolError` if the segment can't be read or its number of records differs from the manifest.
    package func write(
        _ target: String, segment path: String, className: String, records: Int, in directory: String
    ) throws {
        let rows = try write(target, className: className, records: records) { send in
            var failure: (any Error)?
            var lines = 0
            do throws(SpoolError) {
                try SpoolReader.cat(path, in: directory) { (piece) throws(SpoolError) in
                    lines += piece.count { $0 == 0x0A }
                    do { try send(piece) } catch {
                        failure = error
                        throw .refused("the helper process has ended")
                    }
                }
            } catch {
                throw failure ?? error
            }
            // The number of records is checked now, because the helper would otherwise wait for the missing ones.
            guard lines == records else {
                throw SpoolError.damaged(
                    path: path, reason: "the segment has \(lines) records, but \(records) according to the manifest")
            }
        }
        guard rows == records else {
            throw Problem(
                words: "the program that writes Parquet wrote only \(rows) of \(records) records", kind: .ended)
        }
    }

    /// Writes a file of records. `feed` passes the records, each with its newline, in pieces of any size. Returns the number of records in the file.
    private func write(
        _ target: String, className: String, records: Int,
        _ feed: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Int {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        let header = try encoder.encode(Header(class: className, target: target, records: records)) + Data([0x0A])
        try header.withUnsafeBytes(send)
        try feed(send)
        guard let rows = try answer().rows else { throw ended() }
        return rows
    }

    private func send(_ bytes: UnsafeRawBufferPointer) throws {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(
                process.input, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ended() }
            written += count
        }
    }

    /// The next line of the helper's output. It is read byte by byte, because there is little output.
    private func answer() throws -> Answer {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < 4096 {
            let count = Glibc.read(process.output, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { throw ended() }
            if byte == 0x0A { return (try? JSONDecoder().decode(Answer.self, from: Data(line))) ?? Answer() }
            line.append(byte)
        }
        return Answer()
    }

    private func ended() -> Problem {
        let ending = process.wait()
        let install =
            "run “python3 -m venv /opt/tributary-parquet && /opt/tributary-parquet/bin/pip install pyarrow”, "
            + "and use /opt/tributary-parquet/bin/python as the interpreter"
        return switch ending {
        case .exit(69): Problem(words: "Python has no pyarrow: \(install)", kind: .unavailable)
        case .exit(126), .exit(127):
            Problem(words: "the Python interpreter can't be started: \(install)", kind: .unavailable)
        case .exit(65):
            Problem(
                words: "a record can't be read: check the segment with `\(CommandHint.command("spool verify"))`",
                kind: .data)
        case .exit(74):
            Problem(
                words: "the Parquet file can't be written; see the helper's last message on standard error",
                kind: .file)
        case .exit(let status):
            Problem(words: "the program that writes Parquet ended with status \(status)", kind: .ended)
        case .signal(let signal):
            Problem(words: "the program that writes Parquet was ended by signal \(signal)", kind: .ended)
        }
    }
}

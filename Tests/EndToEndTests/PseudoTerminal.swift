import Foundation
import Glibc
import Testing

/// Runs `tributary` on a pseudo-terminal. A test can wait for a question, type an answer, and type Ctrl-C.
final class PseudoTerminal {
    private let process = Process()
    private let controller: Int32
    private var shown = Data()
    /// The offset in `shown` at which the next `wait(for:)` begins to search: the end of the text that the previous call found.
    private var seen = 0

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0
        var number: UInt32 = 0
        // TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)) are macros, so their values are written here.
        try #require(
            controller >= 0 && ioctl(controller, 0x4004_5431, &isLocked) == 0
                && ioctl(controller, 0x8004_5430, &number) == 0)
        let device = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(device >= 0)
        let handle = FileHandle(fileDescriptor: device, closeOnDealloc: true)
        // The terminal must be the program's controlling terminal, or Ctrl-C would be an ordinary character.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        process.arguments = ["--ctty", "--wait", Programs.tributary.path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["NO_COLOR": "1"]) { $1 }.merging(
            environment
        ) { $1 }
        process.standardInput = handle
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        try handle.close()
        _ = fcntl(controller, F_SETFL, O_NONBLOCK)
    }

    deinit {
        if process.isRunning { process.terminate() }
        close(controller)
    }

    /// All text on the screen so far.
    var screen: String {
        String(decoding: shown, as: UTF8.self).replacing("\r\n", with: "\n")
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(controller, bytes, bytes.count)
    }

    /// Waits until the question appears after the text that the previous wait found. Then types the answer and presses Enter.
    func answer(_ question: String, _ answer: String) async throws {
        try await wait(for: question)
        type(answer + "\n")
    }

    func wait(for words: String, within limit: Duration = .seconds(300)) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        let wanted = Data(words.utf8)
        while true {
            read()
            if let found = shown[seen...].range(of: wanted) {
                seen = found.upperBound
                return
            }
            guard process.isRunning, clock.now < deadline else {
                read()
                if shown[seen...].range(of: wanted) != nil { continue }
                Issue.record("the screen does not show “\(words)” in time:\n\(screen)")
                throw CancellationError()
            }
            try await clock.sleep(for: .milliseconds(5))
        }
    }

    /// Waits until the program ends; returns its exit code.
    func end(within limit: Duration = .seconds(300)) async throws -> Int32 {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while process.isRunning {
            guard clock.now < deadline else {
                Issue.record("the program has not ended in time\n\(screen)")
                throw CancellationError()
            }
            read()
            try await clock.sleep(for: .milliseconds(5))
        }
        read()
        return process.terminationStatus
    }

    private func read() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(controller, &chunk, chunk.count)
            guard count > 0 else { return }
            shown.append(contentsOf: chunk[..<count])
        }
    }
}

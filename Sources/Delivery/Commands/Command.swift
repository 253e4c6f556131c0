import Dispatch
import Glibc
import Synchronization

/// Runs a program that the operator has configured, in a separate process group, with limits on its time and output.
struct Command: Sendable {
    /// The absolute path of the program, followed by its arguments. The list is not empty.
    var words: [String]
    /// Variables that the command gets in addition to this process's environment.
    var environment: [String: String] = [:]
    /// The file for the command's standard input; `nil` for an empty input.
    var inputFile: String?
    /// How long the command may take.
    var timeout: Duration
    /// The maximum number of bytes on standard output. A command that writes more is ended and counts as failed.
    var outputLimit = 64 << 10

    /// How the command ended.
    enum Ending: Sendable, Equatable {
        case exit(Int32)
        case signal(Int32)
        case timedOut
        case cancelled
        /// The command could not be started: what failed, and the errno.
        case notStarted(String, code: Int32)
        /// The command wrote more than ``Command/outputLimit``.
        case tooMuchOutput
    }

    struct Result: Sendable, Equatable {
        var ending: Ending
        var output: [UInt8] = []
        /// The last line that the command wrote on standard error; empty if there is none.
        var lastError = ""
    }

    /// Runs the command to its end. Cancelling the task ends the command.
    func run() async -> Result {
        let isCancelled = CancellationFlag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // `block` blocks its thread, so it must not run on a thread of the cooperative pool.
                DispatchQueue.global().async { continuation.resume(returning: self.block(isCancelled)) }
            }
        } onCancel: {
            isCancelled.value.store(true, ordering: .relaxed)
        }
    }

    private final class CancellationFlag: Sendable {
        let value = Atomic<Bool>(false)
    }

    /// How long the command may continue after SIGTERM. After this time, SIGKILL ends it.
    private static let grace = Duration.seconds(5)
    /// Variables that are meant only for this process (sd_notify(3)). The command does not get them.
    private static let ownVariables: Set<Substring> = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "MAINPID"]

    private func block(_ isCancelled: CancellationFlag) -> Result {
        let input = open(inputFile ?? "/dev/null", O_RDONLY | O_CLOEXEC)
        guard input >= 0 else {
            return Result(ending: .notStarted("open \(inputFile ?? "/dev/null")", code: errno))
        }
        defer { close(input) }
        guard let output = Pipe(), let errors = Pipe() else {
            return Result(ending: .notStarted("make a pipe", code: errno))
        }
        var child = pid_t()
        let code = spawn(&child, input, output.writing, errors.writing)
        output.closeWriting()
        errors.closeWriting()
        guard code == 0 else { return Result(ending: .notStarted("run \(words.first ?? "")", code: code)) }
        return watch(child, output, errors, isCancelled)
    }

    private func spawn(_ child: inout pid_t, _ input: Int32, _ output: Int32, _ errors: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        // The command gets a separate process group, so that its child processes are ended together with it.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var arguments = words.map { strdup($0) } + [nil]
        var variables = wholeEnvironment().map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        return posix_spawn(&child, words.first ?? "", &actions, &attributes, &arguments, &variables)
    }

    private func wholeEnvironment() -> [String] {
        var lines: [String] = []
        var variable = environ
        while let text = variable.pointee {
            let line = String(cString: text)
            let name = line.prefix { $0 != "=" }
            if !Self.ownVariables.contains(name), environment[String(name)] == nil { lines.append(line) }
            variable += 1
        }
        return lines + environment.map { "\($0.key)=\($0.value)" }
    }

    private func watch(_ child: pid_t, _ output: Pipe, _ errors: Pipe, _ isCancelled: CancellationFlag) -> Result {
        var result = Result(ending: .cancelled)
        var errorTail: [UInt8] = []
        var reason: Ending?
        let deadline = ContinuousClock.now + timeout
        var killAt: ContinuousClock.Instant?
        var idle: UInt32 = 200
        func read() {
            output.read { bytes in
                if result.output.count + bytes.count <= outputLimit {
                    result.output += bytes
                } else if reason == nil {
                    reason = .tooMuchOutput
                }
            }
            errors.read { bytes in
                errorTail += bytes
                if errorTail.count > 4096 { errorTail.removeFirst(errorTail.count - 4096) }
            }
        }
        while true {
            let isOpen = [output, errors].filter { !$0.isAtEnd }
            var sets = isOpen.map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
            if sets.isEmpty {
                // The command has closed both pipes, so it will usually end soon.
                usleep(idle)
                idle = min(idle * 2, 50_000)
            } else {
                poll(&sets, nfds_t(sets.count), 100)
            }
            read()
            var status: Int32 = 0
            if waitpid(child, &status, WNOHANG) == child {
                // Kills processes that the command has left running: they would keep the pipes and the segment open.
                kill(-child, SIGKILL)
                // Reads the output that was written since the last read.
                read()
                // The same as WIFEXITED and related macros in wait(2), which Swift can't import.
                let ended: Ending = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
                result.ending = reason ?? ended
                result.lastError = Self.lastLine(errorTail)
                return result
            }
            let now = ContinuousClock.now
            if reason == nil, now >= deadline { reason = .timedOut }
            if reason == nil, isCancelled.value.load(ordering: .relaxed) { reason = .cancelled }
            if reason != nil {
                if let due = killAt {
                    if now >= due { kill(-child, SIGKILL) }
                } else {
                    kill(-child, SIGTERM)
                    killAt = now + Self.grace
                }
            }
        }
    }

    private static func lastLine(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return String(text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) } ?? "")
    }

    /// A pipe whose reading end belongs to this process and never blocks, and whose writing end goes to the child.
    private final class Pipe {
        let reading: Int32
        private(set) var writing: Int32
        private(set) var isAtEnd = false

        init?() {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return nil }
            // Close-on-exec, so that the child gets only the duplicated descriptors. Linux has no POSIX_SPAWN_CLOEXEC_DEFAULT, which would do the
            // same.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            (reading, writing) = (ends[0], ends[1])
            _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        }

        deinit {
            closeWriting()
            close(reading)
        }

        func closeWriting() {
            if writing >= 0 { close(writing) }
            writing = -1
        }

        func read(_ body: (ArraySlice<UInt8>) -> Void) {
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            while !isAtEnd {
                let count = Glibc.read(reading, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN { return }
                guard count > 0 else {
                    isAtEnd = true
                    return
                }
                body(buffer[..<count])
            }
        }
    }
}

import Glibc

/// Runs a program with bytes as its standard input and reads its output, with limits on size and time. The program's environment contains only PATH
/// and LC_ALL.
package enum Subprogram {
    package struct Ending: Sendable {
        /// The exit code; if a signal ended the program, 128 plus the signal's number.
        package let status: Int32
        package let output: [UInt8]
        /// The last line of standard error, up to 300 characters.
        package let errors: String
    }

    package struct Failure: Error {
        package let words: String
    }

    /// - Parameters:
    ///   - outputLimit: the maximum size of the standard output in bytes. If the program writes more, it is killed, and this method throws.
    ///   - patience: the time limit in milliseconds. If the program runs longer, it is killed, and this method throws.
    package static func run(
        _ program: String, _ arguments: [String], input: [UInt8] = [], outputLimit: Int, patience: Int32
    ) throws(Failure) -> Ending {
        let toChild = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild.reading, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output.writing, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, STDERR_FILENO)
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var environment = [strdup("PATH=/usr/bin:/bin:/usr/sbin:/sbin"), strdup("LC_ALL=C"), nil]
        defer { (words + environment).forEach { free($0) } }
        var child = pid_t()
        let code = posix_spawn(&child, program, &actions, nil, &words, &environment)
        guard code == 0 else { throw Failure(words: String(cString: strerror(code))) }
        toChild.closeReading()
        output.closeWriting()
        errors.closeWriting()
        var collected = Collected(input: input)
        let problem = collected.exchange(toChild, output, errors, outputLimit: outputLimit, patience: patience)
        if problem != nil { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        if let problem { throw Failure(words: problem) }
        let text = String(decoding: collected.errors, as: UTF8.self)
        return Ending(
            // Does the same as WIFEXITED and the related macros in wait(2), which Swift can't import.
            status: status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F), output: collected.output,
            errors: String((text.split(whereSeparator: \.isNewline).last ?? "").prefix(300)))
    }

    private struct Collected {
        let input: [UInt8]
        var output: [UInt8] = []
        var errors: [UInt8] = []

        init(input: [UInt8]) { self.input = input }

        /// Writes the input, and reads standard output and standard error until they end. Returns nil on success, otherwise the reason for the
        /// failure.
        mutating func exchange(
            _ toChild: Pipe, _ out: Pipe, _ err: Pipe, outputLimit: Int, patience: Int32
        ) -> String? {
            // The program may end without reading its input. SIGPIPE must then not end this process.
            signal(SIGPIPE, SIG_IGN)
            _ = fcntl(toChild.writing, F_SETFL, O_NONBLOCK)
            var fed = 0
            if input.isEmpty { toChild.closeWriting() }
            var open = [true, true]
            var chunk = [UInt8](repeating: 0, count: 16 << 10)
            let start = now()
            while open.contains(true) {
                var waited = [
                    pollfd(fd: open[0] ? out.reading : -1, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: open[1] ? err.reading : -1, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: toChild.writing, events: Int16(POLLOUT), revents: 0),
                ]
                let left = Int64(patience) - (now() - start)
                guard left > 0 else { return "the program did not end within \(patience / 1000) s" }
                let ready = poll(&waited, 3, Int32(clamping: left))
                if ready < 0, errno != EINTR { return String(cString: strerror(errno)) }
                if waited[2].revents != 0 {
                    let count = input[fed...].withUnsafeBytes { write(toChild.writing, $0.baseAddress, $0.count) }
                    if count > 0 { fed += count }
                    if fed == input.count || (count < 0 && errno != EAGAIN && errno != EINTR) { toChild.closeWriting() }
                }
                for (index, pipe) in [out, err].enumerated() where waited[index].revents != 0 {
                    let count = read(pipe.reading, &chunk, chunk.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else {
                        open[index] = false
                        continue
                    }
                    if index == 0 {
                        output += chunk[..<count]
                        guard output.count <= outputLimit else {
                            return "the program wrote more than \(outputLimit) bytes"
                        }
                    } else if errors.count < 16 << 10 {
                        errors += chunk[..<count]
                    }
                }
            }
            return nil
        }

        private func now() -> Int64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        }
    }

    /// The pipe is close-on-exec, so that the child inherits only the duplicated ends.
    private final class Pipe {
        private(set) var reading: Int32 = -1
        private(set) var writing: Int32 = -1

        init() throws(Failure) {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw Failure(words: String(cString: strerror(errno))) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            (reading, writing) = (ends[0], ends[1])
        }

        func closeReading() {
            if reading >= 0 { close(reading) }
            reading = -1
        }

        func closeWriting() {
            if writing >= 0 { close(writing) }
            writing = -1
        }

        deinit {
            closeReading()
            closeWriting()
        }
    }
}

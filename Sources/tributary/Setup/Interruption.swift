import Glibc
import Synchronization

/// Ctrl-C, SIGTERM and SIGHUP as a state that a command checks, so that it can undo its changes before it ends.
struct Interruption: Sendable {
    /// The error that is thrown when a signal has arrived.
    struct Stopped: Error {}

    private static let isRaised = Atomic<Bool>(false)
    /// The reading end of a pipe. The signal handler writes a byte into the pipe, which wakes the code that waits for a person's answer. The pipe is
    /// created once and never closed.
    private static let reading = Atomic<Int32>(-1)
    /// The writing end of the same pipe.
    private static let writing = Atomic<Int32>(-1)

    /// From this call on, Ctrl-C, SIGTERM and SIGHUP set the state and do not end the process.
    static func watch() -> Interruption {
        guard reading.load(ordering: .relaxed) < 0 else { return Interruption() }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return Interruption() }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reading.store(ends[0], ordering: .relaxed)
        writing.store(ends[1], ordering: .sequentiallyConsistent)
        // These signals may be blocked: a process inherits the signal mask of the thread that started it, and thread pools often block signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            sigaddset(&signals, number)
            // The handler does only what signal-safety(7) allows: a store and a write.
            _ = signal(number) { _ in
                Interruption.isRaised.store(true, ordering: .sequentiallyConsistent)
                var byte: UInt8 = 0
                _ = write(Interruption.writing.load(ordering: .sequentiallyConsistent), &byte, 1)
            }
        }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        return Interruption()
    }

    var isRaised: Bool { Self.isRaised.load(ordering: .sequentiallyConsistent) }

    func check() throws(Stopped) { if isRaised { throw Stopped() } }

    /// Waits until standard input can be read.
    func waitForInput() throws(Stopped) {
        var waited = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: Self.reading.load(ordering: .relaxed), events: Int16(POLLIN), revents: 0),
        ]
        while !isRaised {
            if poll(&waited, 2, -1) < 0, errno != EINTR { break }
            if waited[1].revents == 0, waited[0].revents != 0 { return }
        }
        try check()
    }

    /// Runs an action that is cancelled as soon as a signal arrives.
    ///
    /// - Throws: `Stopped` if a signal arrives, otherwise whatever the action throws.
    func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try check()
        let work = Task { try await body() }
        let watch = Task {
            while !Task.isCancelled, !isRaised { try? await Task.sleep(for: .milliseconds(50)) }
            if isRaised { work.cancel() }
        }
        defer { watch.cancel() }
        let result = await work.result
        try check()
        return try result.get()
    }
}

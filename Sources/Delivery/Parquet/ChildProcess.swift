import Glibc

/// A child process with pipes for its standard input and output. It shares this process's standard error.
final class ChildProcess {
    /// How the process ended.
    enum Ending {
        case exit(Int32)
        case signal(Int32)
    }

    /// Why the process could not be started: an errno.
    struct Failure: Error, CustomStringConvertible {
        let code: Int32

        var description: String { String(cString: strerror(code)) }
    }

    /// The descriptor for writing to the program; -1 after ``wait()`` has closed it.
    private(set) var input: Int32
    /// The descriptor for reading the program's output.
    let output: Int32
    /// The process id.
    let process: pid_t
    private var ending: Ending?

    /// Starts the program at a path.
    init(_ program: String, _ arguments: [String]) throws(Failure) {
        let toChild = try Self.makePipe()
        let fromChild: (reading: Int32, writing: Int32)
        do throws(Failure) {
            fromChild = try Self.makePipe()
        } catch {
            close(toChild.reading)
            close(toChild.writing)
            throw error
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toChild.reading, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromChild.writing, STDOUT_FILENO)
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var child = pid_t()
        let code = posix_spawn(&child, program, &actions, nil, &words, environ)
        words.forEach { free($0) }
        posix_spawn_file_actions_destroy(&actions)
        close(toChild.reading)
        close(fromChild.writing)
        guard code == 0 else {
            close(toChild.writing)
            close(fromChild.reading)
            throw Failure(code: code)
        }
        input = toChild.writing
        output = fromChild.reading
        process = child
    }

    /// Makes a pipe. Both ends are close-on-exec, so that the child inherits only the ends that are duplicated for it.
    private static func makePipe() throws(Failure) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    deinit {
        _ = wait()
        close(output)
    }

    /// Closes the program's standard input, so that the program knows that all input was sent, and waits until the program ends.
    func wait() -> Ending {
        if input >= 0 { close(input) }
        input = -1
        if let ending { return ending }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        // Like WIFEXITED and the related macros in wait(2), which Swift can't import.
        let ended: Ending = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
        ending = ended
        return ended
    }
}

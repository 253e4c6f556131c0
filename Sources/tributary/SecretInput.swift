import Glibc

/// Reads a secret. A person types or pastes it, and the terminal does not show it; or a program writes it to standard input. A secret is never a
/// command-line argument, because other users of this host can see the arguments of a process.
enum SecretInput {
    /// The maximum length of a secret, in bytes. A longer text can't be a token or a private key.
    static let limit = 64 << 10

    /// Why no secret was read.
    enum Failure: Error {
        case cancelled
        case tooLong
        case unreadable(Int32)
    }

    /// Reads a line from the terminal, or everything if standard input is not a terminal.
    ///
    /// - Parameter interruption: shows whether a signal has arrived; for a command that handles signals. If this is nil, a signal ends the process.
    static func read(_ prompt: String, _ interruption: Interruption? = nil) throws(Failure) -> [UInt8] {
        isatty(STDIN_FILENO) == 1 ? try readHidden(prompt, interruption) : try readAll()
    }

    /// Reads a visible line, such as a client ID; nil at the end of the input.
    static func readLine(_ prompt: String) -> String? {
        if isatty(STDIN_FILENO) == 1 { Terminal.write(prompt) }
        return Swift.readLine()?.trimmingPrefix { $0 == " " }.description
    }

    private static func readAll() throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(errno) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw .tooLong }
        }
    }

    /// Reads byte by byte. Ctrl-C arrives as a byte and does not end the process, so that the terminal's settings can be restored.
    private static func readHidden(_ prompt: String, _ interruption: Interruption?) throws(Failure) -> [UInt8] {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { throw .unreadable(errno) }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        // The echo is switched off before the prompt, so that a secret that is pasted immediately is not shown.
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else { throw .unreadable(errno) }
        Terminal.write(prompt)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            Terminal.write("\n")
        }
        var bytes: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            do throws(Interruption.Stopped) {
                try interruption?.waitForInput()
            } catch {
                throw .cancelled
            }
            let count = Glibc.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            switch byte {
            case 0x03: throw .cancelled
            case 0x04 where bytes.isEmpty: throw .cancelled
            case 0x04, 0x0A, 0x0D: return bytes
            case 0x08, 0x7F: if !bytes.isEmpty { bytes.removeLast() }
            case 0x15: bytes = []
            default: bytes.append(byte)
            }
            guard bytes.count <= limit else { throw .tooLong }
        }
    }
}

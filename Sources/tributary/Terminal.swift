import FoundationEssentials
import Glibc

/// The output of a command for people: marks, colors and line breaks.
struct Terminal {
    /// Whether the output goes to a terminal. Elsewhere, some commands print words instead of marks.
    let isTerminal: Bool
    /// Whether the terminal supports control sequences (term(7)).
    let hasControls: Bool
    /// Whether to use colors: only on a terminal, and not if `NO_COLOR` is set (no-color.org).
    let hasColours: Bool

    /// Columns and rows of the window; nil if there is no terminal, if the size is unknown, or if there are fewer than 20 columns.
    let size: (columns: Int, rows: Int)?

    static var output: Terminal { Terminal(descriptor: STDOUT_FILENO) }

    init(descriptor: Int32) {
        let environment = ProcessInfo.processInfo.environment
        isTerminal = isatty(descriptor) == 1
        hasControls = isTerminal && !["", "dumb"].contains(environment["TERM", default: ""])
        hasColours = hasControls && environment["NO_COLOR", default: ""].isEmpty
        var window = winsize()
        let isKnown = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0 && window.ws_col >= 20
        size = isKnown ? (Int(window.ws_col), Int(window.ws_row)) : nil
    }

    /// For tests: output without a terminal, or with a window of the given size.
    init(size: (columns: Int, rows: Int)?) {
        isTerminal = size != nil
        hasControls = false
        hasColours = false
        self.size = size
    }

    /// The character with which a line begins.
    func mark(_ mark: StatusText.Mark) -> String {
        switch mark {
        case .well: green("✔")
        case .waiting: yellow("…")
        case .trouble: red("✘")
        case .paused: dim("‖")
        }
    }

    /// A line broken between words so that it fits the window. The following lines are indented by `indent` blanks. A word that is longer than
    /// the window is not broken, so that it can be copied.
    func wrapped(_ line: String, indent: Int) -> [String] {
        guard let width = size?.columns else { return [line] }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        var lines = [String(words[0])]
        var columns = Self.columns(words[0])
        for word in words.dropFirst() {
            let length = Self.columns(word)
            if columns > indent, columns + 1 + length > width {
                lines.append(String(repeating: " ", count: indent) + word)
                columns = indent + length
            } else {
                lines[lines.count - 1] += " " + word
                columns += 1 + length
            }
        }
        return lines
    }

    /// The number of columns that a text occupies; color codes occupy none.
    private static func columns(_ text: some StringProtocol) -> Int {
        var count = 0
        var isColour = false
        for character in text {
            if character == "\u{1B}" {
                isColour = true
            } else if isColour {
                isColour = character != "m"
            } else {
                count += 1
            }
        }
        return count
    }

    func green(_ text: String) -> String { paint(text, "32") }
    func yellow(_ text: String) -> String { paint(text, "33") }
    func red(_ text: String) -> String { paint(text, "31") }
    func dim(_ text: String) -> String { paint(text, "2") }
    func bold(_ text: String) -> String { paint(text, "1") }

    private func paint(_ text: String, _ code: String) -> String {
        hasColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Writes a line of a command's result to standard output at once, so that it appears before later messages on standard error.
    static func result(_ line: String) {
        print(PastedArguments.hidden(line))
        fflush(nil)
    }

    /// Writes a line for people to standard error.
    static func complain(_ line: String) {
        write(PastedArguments.hidden(line) + "\n")
    }

    /// Writes text to standard error, unchanged. A failure is ignored, because there is nowhere to report it.
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

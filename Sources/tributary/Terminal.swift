import FoundationEssentials
import Glibc

/// What a command writes for people, and whether they get colours.
struct Terminal {
    /// Whether a person looks: tick marks then, words for programs.
    let isTerminal: Bool
    /// Colours only where a person looks at them, and not where `NO_COLOR` says otherwise (no-color.org).
    let hasColours: Bool

    static let output = Terminal(descriptor: STDOUT_FILENO)

    init(descriptor: Int32) {
        isTerminal = isatty(descriptor) == 1
        hasColours = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
    }

    func green(_ text: String) -> String { paint(text, "32") }
    func yellow(_ text: String) -> String { paint(text, "33") }
    func red(_ text: String) -> String { paint(text, "31") }
    func dim(_ text: String) -> String { paint(text, "2") }
    func bold(_ text: String) -> String { paint(text, "1") }

    private func paint(_ text: String, _ code: String) -> String {
        hasColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// A line for people, on standard error.
    static func complain(_ line: String) {
        write(line + "\n")
    }

    /// As it stands, on standard error. There is nobody to tell when that fails.
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

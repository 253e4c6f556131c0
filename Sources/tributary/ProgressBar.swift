import Glibc

/// Shows the progress of a long command, but only if standard error is a terminal.
struct ProgressBar {
    private static let width = 40

    private let isShown: Bool
    private var last = -1

    init(descriptor: Int32) {
        isShown = isatty(descriptor) == 1
    }

    mutating func show(done: Int64, of total: Int64) {
        guard isShown, total > 0 else { return }
        let percent = Int(Double(done) / Double(total) * 100)
        guard percent != last else { return }
        last = percent
        let filled = percent * Self.width / 100
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        Terminal.write("\r\(bar) \(percent) %")
    }

    mutating func clear() {
        guard isShown, last >= 0 else { return }
        Terminal.write("\r\u{1B}[K")
        last = -1
    }
}

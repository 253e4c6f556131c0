import Collector

/// An ``OnlineReport`` for people: a line for each step, followed by a line with the advice, if there is any. A step's line begins with a mark, or
/// with a word if the output is not a terminal.
struct OnlineText {
    let output: Terminal

    /// The lines, without a trailing newline.
    func text(_ report: OnlineReport) -> String {
        var lines = [output.bold("\(report.integration)  \(report.org)")]
        for step in report.steps {
            let name = step.step.words.padding(to: 14)
            let line = "  \(mark(step.outcome)) \(name)\(step.words)"
            lines.append(step.outcome == .skipped ? output.dim(line) : line)
            if let advice = step.advice { lines.append("  \(output.isTerminal ? "  → " : "         do: ")\(advice).") }
        }
        return lines.joined(separator: "\n")
    }

    private func mark(_ outcome: OnlineReport.Outcome) -> String {
        guard output.isTerminal else {
            let word =
                switch outcome {
                case .passed: "ok"
                case .warned: "warning"
                case .failed: "FAILED"
                case .skipped: "skipped"
                }
            return word.padding(to: 8)
        }
        return switch outcome {
        case .passed: output.green("✔")
        case .warned: output.yellow("!")
        case .failed: output.red("✘")
        case .skipped: "·"
        }
    }
}

extension String {
    /// This text, padded with spaces at its end.
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

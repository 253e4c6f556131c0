import Collector
import CommandHints
import Configuration
import Delivery

extension DestinationStatus {
    /// A line that describes the delivery to a person, followed by the delivery's problem, if there is one.
    func lines(_ terminal: Terminal) -> [String] {
        let title = "\(terminal.mark(isHealthy ? .well : .trouble)) delivery \(terminal.bold(name))"
        guard let report else {
            guard !isRunning else { return terminal.wrapped("\(title)  starting, \(place)", indent: 4) }
            return terminal.wrapped("\(title)  \(terminal.red("not running")), \(place)", indent: 4)
                + terminal.wrapped("  → Start it: systemctl enable --now \(unit)", indent: 4)
        }
        let state = isRunning ? report.state.rawValue : terminal.red("not running") + " since \(report.updatedAt)"
        var facts = ["\(state)  \(report.place)", report.guarantee.words]
        facts.append(report.source.map { "from \($0)" } ?? "position \(report.position)")
        if let holder = report.holder {
            facts.append("\(holder) delivers")
        } else if report.lagSegments == 0 {
            facts.append("nothing waits")
        } else {
            let bytes = StatusReport.bytes(Int(report.lagBytes))
            let words =
                report.lagSegments == 1
                ? "1 segment (\(bytes)) waits, for " : "\(report.lagSegments) segments (\(bytes)) wait, the oldest for "
            facts.append(words + StatusReport.duration(report.lagSeconds))
        }
        if let last = report.lastDeliveredAt { facts.append("last delivered \(last)") }
        var lines = terminal.wrapped("\(title)  \(facts.joined(separator: ", "))", indent: 4)
        if !isRunning { lines += terminal.wrapped("  → Start it: systemctl enable --now \(unit)", indent: 4) }
        if let problem = report.problem {
            let attempts = problem.attempts > 1 ? " (\(problem.attempts) attempts)" : ""
            lines += terminal.wrapped("  \(terminal.red(problem.message))\(attempts)", indent: 2)
            lines += terminal.wrapped("  → \(problem.remedy)", indent: 4)
            if isRunning, let next = problem.nextAttemptAt { lines.append(terminal.dim("  next attempt \(next)")) }
        }
        return lines
    }
}

import Collector

/// `tributary status` for people: a line per integration, what is wrong below it, the spool last.
struct StatusText {
    let report: StatusReport
    /// Whether the daemon that wrote the report still runs.
    let isRunning: Bool
    let terminal: Terminal

    var text: String {
        var lines: [String] = []
        if isRunning {
            lines.append("tributary \(report.version), process \(report.pid), running since \(report.startedAt)")
        } else {
            lines.append(
                terminal.red("not running") + "; what follows was true at \(report.updatedAt), when it last reported")
        }
        if isRunning, let stuck = report.stuck {
            lines.append(
                terminal.red("✘ " + stuck.words)
                    + "; the service manager restarts the daemon, or: systemctl restart tributary")
        }
        if let waiting = report.waiting {
            lines.append(terminal.red("✘ " + waiting.words) + " (\(waiting.attempts) attempts since \(waiting.since))")
        }
        let width = report.integrations.map(\.name.count).max() ?? 0
        for integration in report.integrations { lines += describe(integration, width: width) }
        lines.append(
            "spool \(StatusReport.bytes(report.spool.bytes)) of \(StatusReport.bytes(report.spool.maxBytes)) "
                + "in \(report.spool.directory)")
        if let reason = report.spool.deletionHeldUp { lines.append(terminal.yellow("  " + reason)) }
        if let configuration = report.configuration { lines += describe(configuration) }
        return lines.joined(separator: "\n")
    }

    private func describe(_ configuration: StatusReport.Configuration) -> [String] {
        var lines: [String] = []
        if let refused = configuration.refused {
            lines.append(
                terminal.yellow("new configuration refused at \(refused.at), the earlier one stays in force:"))
            lines += refused.problems.map { "  \($0)" }
        }
        if let words = configuration.restartWords {
            lines.append(terminal.yellow("\(words): systemctl restart tributary"))
        }
        return lines
    }

    private func describe(_ integration: StatusReport.Integration, width: Int) -> [String] {
        let isHealthy = isRunning && integration.state.isHealthy
        let mark = isHealthy ? terminal.green("✔") : terminal.red("✘")
        let name = integration.name.padding(to: width)
        var facts = [integration.state.rawValue.replacing("_", with: " ") + " since \(integration.since)"]
        if let backfill = integration.backfill { facts.append(backfill.words) }
        if let lag = integration.lagSeconds { facts.append("lag \(StatusReport.duration(lag))") }
        if let last = integration.lastEventAt { facts.append("last event \(last)") }
        facts.append("\(integration.events) events")
        if integration.rejected > 0 { facts.append(terminal.yellow("\(integration.rejected) set aside")) }
        if let unproven = integration.unproven, unproven > 0 {
            facts.append(terminal.yellow("\(unproven) perhaps collected twice"))
        }
        if let gap = integration.gap { facts.append(terminal.yellow("missing from \(gap.from) to \(gap.to)")) }
        if let expires = integration.credentialExpires {
            facts.append("credential \(integration.credential) expires \(expires)")
        }
        var lines = ["\(mark) \(terminal.bold(name))  \(integration.org)  \(facts.joined(separator: ", "))"]
        if let problem = integration.problem {
            var line = "  \(problem.message)"
            if integration.state == .failing, problem.attempts > 1 { line += " (\(problem.attempts) attempts)" }
            lines.append(line)
            lines.append("  " + problem.remedy)
            var details: [String] = []
            if let id = integration.lastRequestId { details.append("Okta request \(id)") }
            if let next = integration.nextAttemptAt { details.append("next attempt \(next)") }
            if !details.isEmpty { lines.append(terminal.dim("  " + details.joined(separator: ", "))) }
        }
        return lines
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

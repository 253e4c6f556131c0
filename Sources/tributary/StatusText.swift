import Collector
import CommandHints
import Configuration
import Delivery
import Time

/// The output of `tributary status` for people: first how many integrations are well, then each problem, then the other integrations, the spool and
/// the destinations.
struct StatusText {
    let report: StatusReport
    let deliveries: [DestinationStatus]
    /// Whether the daemon that wrote the report is still running.
    let isRunning: Bool
    /// The present time, in milliseconds since 1970.
    let now: Int64
    let terminal: Terminal
    /// Whether to leave out everything that is well.
    var isFailingOnly = false
    /// The path of the configuration about which the user asked.
    var file = CommandHint.installed
    /// The mistakes that the configuration has now, one line each.
    var mistakes: [String] = []
    /// The path of the configuration that the daemon uses, if it is not `file`.
    var otherFile: String?

    /// Seconds since the daemon last reported, if that is too long; nil if the daemon reports in time or does not run.
    var silence: Int? {
        guard isRunning, let age = age(report.updatedAt), age > StatusReport.longestSilence else { return nil }
        return age
    }

    /// Whether the daemon runs and reports, and nothing is in trouble.
    var isWell: Bool {
        isRunning && silence == nil && report.stuck == nil && report.waiting == nil
            && report.fleet?.problem == nil && !report.integrations.contains(where: \.isTrouble)
            && deliveries.allSatisfy(\.isHealthy)
    }

    var lines: [String] {
        var lines = wrap(summary)
        lines += concernsAll
        let trouble = report.integrations.filter(\.isTrouble)
        let rest = isFailingOnly ? [] : report.integrations.filter { !$0.isTrouble }
        let width = min(24, (trouble + rest).map(\.name.count).max() ?? 0)
        for integration in trouble { lines += describe(integration, width: width) }
        for mark in [Mark.waiting, .well, .paused] {
            for integration in rest where standing(integration) == mark {
                lines += describe(integration, width: width)
            }
        }
        if let fleet = report.fleet, !isFailingOnly { lines += wrap(FleetText(fleet, now: now).line, indent: 4) }
        if !isFailingOnly || report.spool.deletionHeldUp != nil { lines += spool }
        if !isFailingOnly { for activity in report.responses ?? [] { lines += wrap(words(activity)) } }
        for delivery in deliveries where !isFailingOnly || !delivery.isHealthy { lines += delivery.lines(terminal) }
        return lines
    }

    private var summary: String {
        guard isRunning else {
            return terminal.red("✘ tributary is not running")
                + "; the lines below show its last report, of \(report.updatedAt)"
        }
        let all = report.integrations
        let standby = all.filter(\.isStandby)
        guard report.waiting == nil else { return "\(mark(.trouble)) \(terminal.bold("waiting to start"))\(process)" }
        let well = all.count { $0.state.isHealthy }
        var parts = [
            all.isEmpty
                ? "no integrations yet" : "\(well) of \(all.count - standby.count) integrations well"
        ]
        if !standby.isEmpty { parts.append(StatusReport.standbyWords(standby)) }
        for state in [StatusReport.State.failing, .paused, .rateLimited, .starting, .stopped] {
            let count = all.count { $0.state == state && !$0.isPaused }
            if count > 0 { parts.append("\(count) \(state.words)") }
        }
        let paused = all.count(where: \.isPaused)
        if paused > 0 { parts.append("\(paused) paused by an operator") }
        let stopped = deliveries.count { !$0.isHealthy }
        if stopped > 0 { parts.append("\(stopped) of \(deliveries.count) deliveries in trouble") }
        var line =
            mark(
                !isWell
                    ? .trouble
                    : well + paused + standby.count { $0.holder?.host != nil } == all.count ? .well : .waiting) + " "
        line += terminal.bold(parts.joined(separator: ", "))
        return line + process
    }

    private var process: String {
        let lifetime = age(report.startedAt).map(StatusReport.duration) ?? "since \(report.startedAt)"
        return terminal.dim("  tributary \(report.version), process \(report.pid), up \(lifetime)")
    }

    /// The line about the response actions of an integration.
    private func words(_ activity: StatusReport.ResponseActivity) -> String {
        let counts = activity.outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        var facts = ["since the start: \(counts.joined(separator: ", "))"]
        if let last = activity.lastAction {
            let ago = age(last.at).map { "\(StatusReport.duration($0)) ago" } ?? "at \(last.at)"
            facts.insert(
                "last \(last.action) \(ago): \([last.outcome, last.code].compactMap(\.self).joined(separator: ", "))",
                at: 0)
        }
        return "\(mark(.well)) response actions of \(terminal.bold(activity.name))  \(facts.joined(separator: "; "))"
    }

    /// Lines about the daemon as a whole.
    private var concernsAll: [String] {
        var lines: [String] = []
        if let silence {
            lines += trouble(
                "the daemon has not reported for \(StatusReport.duration(silence)): it hangs or was stopped",
                "The lines below show its last report. Restart the daemon: \(CommandHint.restart)")
        }
        if isRunning, let stuck = report.stuck {
            lines += trouble(
                stuck.words, "The service manager will restart the daemon. To restart it now: \(CommandHint.restart)")
        }
        if let waiting = report.waiting {
            lines += trouble(
                "waiting to start: \(waiting.message) (\(waiting.attempts) attempts since \(waiting.since))",
                "Tributary tries again at \(waiting.nextAttemptAt)")
        }
        if let problem = report.fleet?.problem {
            lines += trouble(
                "fleet: \(problem)",
                """
                This host collects only while its lease is valid. When the lease has expired, other hosts take over if they can use the \
                lease store
                """)
        }
        // A refused configuration is shown only while the daemon runs. Otherwise, no configuration is in force.
        if let refused = report.configuration?.refused, isRunning {
            lines += wrap(
                terminal.yellow("! new configuration refused at \(refused.at), the earlier one stays in force:"))
            lines += refused.problems.flatMap { wrap("  \($0)") }
        }
        lines += wordsOnFile
        if let words = report.configuration?.restartWords {
            lines += wrap(terminal.yellow("! \(words): \(CommandHint.restart)"))
        }
        if let ahead = report.integrations.compactMap(\.clockAheadSeconds).first {
            lines += wrap(terminal.yellow("! \(StatusReport.clockWords(ahead)). Set it: timedatectl"))
        }
        return lines
    }

    /// Lines about the configuration files as they are on disk now.
    private var wordsOnFile: [String] {
        var lines: [String] = []
        if let otherFile { lines += wrap(terminal.yellow("! this daemon runs with \(otherFile), not with \(file)")) }
        let known = isRunning ? report.configuration?.refused?.problems ?? [] : []
        let news = mistakes.filter { !known.contains($0) }
        guard !news.isEmpty else { return lines }
        let what =
            isRunning
            ? "the daemon continues with the configuration that it has read, but would not start with this one"
            : "the daemon can't start"
        lines += wrap(terminal.yellow("! \(file) has mistakes: \(what):"))
        lines += news.flatMap { wrap("  \($0)") }
        return lines
            + wrap("  → Correct the file, then: \(isRunning ? CommandHint.reload : CommandHint.start)", indent: 4)
    }

    private func trouble(_ what: String, _ remedy: String) -> [String] {
        wrap("\(mark(.trouble)) \(terminal.red(what))", indent: 2) + wrap("  → \(remedy)", indent: 4)
    }

    private func describe(_ integration: StatusReport.Integration, width: Int) -> [String] {
        var facts = [integration.isPaused ? "paused by an operator" : integration.state.words]
        if integration.isStandby { facts = [holderWords(integration)] }
        if let problem = integration.problem {
            facts[0] += " since \(problem.since)"
            if let age = age(problem.since) { facts[0] += " (\(StatusReport.duration(age)))" }
            if integration.isTrouble, problem.attempts > 1 { facts.append("\(problem.attempts) attempts") }
        }
        facts += self.facts(integration)
        let name = terminal.bold(integration.name.padding(to: width))
        // A wrapped line continues below the facts if the window is wide enough.
        let indent = terminal.size.map { $0.columns < 100 } == true ? 4 : width + 4
        var lines = wrap(
            "\(mark(isRunning ? standing(integration) : .trouble)) \(name)  \(facts.joined(separator: ", "))",
            indent: indent)
        guard let problem = integration.problem else { return lines }
        lines += wrap("  \(terminal.red(problem.message))", indent: 2)
        lines += wrap("  → \(problem.remedy)", indent: 4)
        var details: [String] = []
        if let id = integration.lastRequestId { details.append("Okta request \(id)") }
        if let next = integration.nextAttemptAt { details.append("next attempt \(next)") }
        if !details.isEmpty { lines.append(terminal.dim("  " + details.joined(separator: ", "))) }
        return lines
    }

    /// The mark for the integration's state.
    private func standing(_ integration: StatusReport.Integration) -> Mark {
        if integration.isPaused { return .paused }
        if integration.isTrouble { return .trouble }
        if integration.isStandby, integration.holder?.host != nil { return .paused }
        return integration.state.isHealthy ? .well : .waiting
    }

    /// For an integration that this host does not collect: which host of the fleet collects it, and since when.
    private func holderWords(_ integration: StatusReport.Integration) -> String {
        guard let host = integration.holder?.host else { return "no host collects it" }
        let since = (integration.holder?.since).flatMap(age).map { " for \(StatusReport.duration($0))" } ?? ""
        return "\(host) collects it\(since)"
    }

    private func facts(_ integration: StatusReport.Integration) -> [String] {
        guard !integration.isStandby else { return [integration.org] }
        var facts: [String] = []
        if let backfill = integration.backfill { facts.append(backfill.words) }
        if let lag = integration.lagSeconds { facts.append("lag \(StatusReport.duration(lag))") }
        if let last = integration.lastEventAt {
            facts.append("last event " + (age(last).map { "\(StatusReport.duration($0)) ago" } ?? last))
        }
        facts.append("\(integration.events, "event", "events") since the start")
        if integration.eventsPerSecond >= 0.05 {
            facts.append("\(StatusReport.rate(integration.eventsPerSecond))/s")
        }
        if integration.rejected > 0 { facts.append(terminal.yellow("\(integration.rejected) set aside")) }
        if let unproven = integration.unproven, unproven > 0 {
            facts.append(terminal.yellow("\(unproven, "possible duplicate", "possible duplicates")"))
        }
        if let gap = integration.gap { facts.append(terminal.yellow("events missing from \(gap.from) to \(gap.to)")) }
        if let expires = integration.credentialExpires, isSoon(expires) {
            facts.append(terminal.yellow("credential \(integration.credential) expires \(expires)"))
        }
        facts.append(integration.org)
        return facts
    }

    private var spool: [String] {
        var line =
            "  spool \(StatusReport.bytes(report.spool.bytes)) of \(StatusReport.bytes(report.spool.maxBytes)) "
            + "in \(report.spool.directory)"
        let waiting = report.integrations.reduce(0) { $0 + $1.unsealedRecords }
        if isRunning, waiting > 0 {
            line += ", \(waiting, "record waits", "records wait") to be sealed"
            // RFC 3339 times in UTC can be compared as text.
            if let due = report.integrations.compactMap(\.sealDueAt).min() {
                let left = age(due).map { -$0 } ?? 0
                line += left > 0 ? ", next seal at \(due) (in \(StatusReport.duration(left)))" : ", next seal now"
            }
        }
        var lines = wrap(line, indent: 4)
        if let reason = report.spool.deletionHeldUp { lines += wrap("  " + terminal.yellow(reason), indent: 4) }
        return lines
    }

    // MARK: Layout

    /// The mark at the beginning of a line.
    enum Mark {
        case well
        case waiting
        case trouble
        /// For an integration: an operator has paused it, or another host collects it. For a host: the host drains.
        case paused
    }

    private func mark(_ mark: Mark) -> String { terminal.mark(mark) }

    private func wrap(_ line: String, indent: Int = 2) -> [String] { terminal.wrapped(line, indent: indent) }

    /// Whether a day is at most 30 days away or has passed. A credential that expires on such a day must be replaced.
    private func isSoon(_ day: String) -> Bool { age("\(day)T00:00:00Z").map { $0 > -30 * 86_400 } ?? true }

    /// Seconds since a time in the report; negative for a future time.
    private func age(_ text: String) -> Int? {
        CivilTime.milliseconds(rfc3339: text).map { Int((now - $0) / 1000) }
    }
}

extension StatusReport.State {
    /// The state as text for people.
    fileprivate var words: String { rawValue.replacing("_", with: " ") }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

extension StatusReport {
    /// The one line that `systemctl status` shows: what hangs, how many integrations are live, the lag, the rate, the spool's size, and problems.
    package var line: String {
        if let waiting { return waiting.words }
        let healthy = integrations.count { $0.state.isHealthy }
        let paused = integrations.count { $0.pausedByOperator == true }
        let standby = integrations.count(where: \.isStandby)
        let all = integrations.count - paused - standby
        var parts = ["\(stuck.map { $0.words + "; " } ?? "")\(healthy) of \(all) integrations live"]
        if paused > 0 { parts.append("\(paused) paused") }
        if standby > 0 { parts.append(Self.standbyWords(integrations.filter(\.isStandby))) }
        if let lag = integrations.compactMap(\.lagSeconds).max() { parts.append("lag \(Self.duration(lag))") }
        let backfilling = integrations.compactMap(\.backfill)
        if let first = backfilling.first {
            parts.append(backfilling.count == 1 ? first.words : "\(backfilling.count) backfilling")
        }
        parts.append("\(Self.rate(integrations.reduce(0) { $0 + $1.eventsPerSecond })) events/s")
        parts.append("spool \(Self.bytes(spool.bytes)) of \(Self.bytes(spool.maxBytes))")
        if spool.deletionHeldUp != nil { parts.append("segments can't be deleted") }
        if let ahead = integrations.compactMap(\.clockAheadSeconds).first { parts.append(Self.clockWords(ahead)) }
        var line = parts.joined(separator: ", ")
        if let worst = integrations.first(where: { $0.problem != nil }), let problem = worst.problem {
            line += "; \(worst.name): \(problem.message) since \(problem.since)"
        }
        if let problem = fleet?.problem { line += "; fleet: \(problem)" }
        if let refused = configuration?.refused { line += "; \(refused.words)" }
        if let words = configuration?.restartWords { line += "; \(words)" }
        return line
    }

    /// Standby integrations by holder: `3 on other hosts, 1 on no host`.
    package static func standbyWords(_ integrations: [Integration]) -> String {
        let unheld = integrations.count { $0.holder?.host == nil }
        var parts: [String] = []
        if integrations.count > unheld { parts.append("\(integrations.count - unheld) on other hosts") }
        if unheld > 0 { parts.append("\(unheld) on no host") }
        return parts.joined(separator: ", ")
    }

    /// A duration, rounded down to one unit: `95s`, `4m`, `3h`, `12d`.
    package static func duration(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(max(0, seconds))s"
        case ..<7200: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }

    /// A size with its unit: `640 B`, `1.2 MiB`, `20 GiB`.
    package static func bytes(_ count: Int) -> String {
        var value = Double(count)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1024 { return trimmed(value) + " " + unit }
            value /= 1024
        }
        return trimmed(value) + " TiB"
    }

    package static func rate(_ perSecond: Double) -> String {
        trimmed(perSecond)
    }

    /// The difference of the clocks in words: `this host's clock is 2h ahead of Okta's`.
    package static func clockWords(_ ahead: Int) -> String {
        "this host's clock is \(duration(abs(ahead))) \(ahead < 0 ? "behind" : "ahead of") Okta's"
    }

    /// A number with one decimal if it is below ten, otherwise without decimals, and never with `.0`.
    private static func trimmed(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return value < 10 && tenths % 10 != 0 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(value.rounded()))"
    }
}

extension StatusReport.Backfill {
    /// The progress in words: `backfilling 2026-08-01, 41 %, about 3h left`.
    package var words: String {
        let left = remainingSeconds.map { ", about \(StatusReport.duration($0)) left" } ?? ""
        return "backfilling \(reachedAt.prefix(10)), \(Int(fraction * 100)) %\(left)"
    }
}

extension StatusReport.Waiting {
    package var words: String { "waiting to start: \(message); next attempt \(nextAttemptAt)" }
}

extension StatusReport.Refused {
    /// The refusal in words: `new configuration refused, the earlier one stays in force: FILE:LINE:COL: error: …`.
    package var words: String {
        let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        return "new configuration refused, the earlier one stays in force: \(problems.first ?? "")\(more)"
    }
}

extension StatusReport.Configuration {
    /// The needed restart in words: `restart needed for spool.directory`; nil if none is needed.
    package var restartWords: String? {
        restartNeeded.isEmpty ? nil : "restart needed for \(restartNeeded.joined(separator: ", "))"
    }
}

extension StatusReport.Stuck {
    package var words: String { "stuck: \(part) has made no progress for \(StatusReport.duration(silenceSeconds))" }
}

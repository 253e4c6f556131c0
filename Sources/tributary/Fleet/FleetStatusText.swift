import Collector
import CommandHints
import Time

/// The output of `tributary fleet status` for people.
struct FleetStatusText {
    let report: FleetReport
    /// The present time, in milliseconds since 1970.
    let now: Int64
    let terminal: Terminal

    var lines: [String] {
        let unheld = report.integrations.filter { $0.host == nil }
        var lines = terminal.wrapped(summary(unheld: unheld.count), indent: 2)
        if !unheld.isEmpty {
            let names = unheld.prefix(20).map(\.name).joined(separator: ", ")
            let more = unheld.count > 20 ? " and \(unheld.count - 20) more" : ""
            lines += terminal.wrapped("\(terminal.mark(.trouble)) no host collects \(names)\(more)", indent: 2)
            lines += terminal.wrapped("  → \(advice)", indent: 4)
        }
        if !report.hosts.isEmpty {
            lines += table(
                ["HOST", "HOLDS", "SINCE", "VERSION"],
                report.hosts.map { host in
                    Row(
                        mark: host.draining ? .paused : .well,
                        cells: [
                            host.name, "\(host.holds)\(host.draining ? ", draining" : "")", age(host.since),
                            host.version,
                        ])
                })
        }
        for host in report.drainingHosts {
            lines += terminal.wrapped(
                "\(terminal.mark(.paused)) \(host) does not run, and will take no integrations when it starts. To change that: \(CommandHint.command("fleet undrain \(host)"))",
                indent: 2)
        }
        let held = report.integrations.filter { $0.host != nil }
        if !held.isEmpty {
            lines += table(
                ["INTEGRATION", "HOST", "SINCE", "TAKEN OVER FROM"] + (hasSeals ? ["GENERATION", "SEALED"] : []),
                held.map { integration in
                    Row(
                        mark: .well,
                        cells: [
                            integration.name, integration.host ?? "", age(integration.since),
                            integration.previousHost ?? "",
                        ]
                            + (hasSeals
                                ? [integration.generation.map { "\($0)" } ?? "", age(integration.sealedAt)] : []))
                })
        }
        return lines
    }

    private var hasSeals: Bool { report.integrations.contains { $0.generation != nil } }

    private func summary(unheld: Int) -> String {
        let all = report.integrations.count
        let hosts = "\(report.hosts.count, "host", "hosts")"
        let others = report.hosts.isEmpty ? "" : ", the others stand by"
        let shape = report.lease.engine == "s3" ? " active\(others)" : ""
        let words = "fleet \(report.fleet): \(hosts)\(shape), \(all - unheld) of \(all) integrations held"
        return terminal.mark(unheld == 0 ? .well : .trouble) + " " + terminal.bold(words)
            + terminal.dim(
                "  leases in \(report.lease.engine), which answered in \(report.lease.answeredInMilliseconds) ms; time to live \(report.lease.ttlSeconds) s"
            )
    }

    /// What to do about integrations without a host.
    private var advice: String {
        if report.hosts.isEmpty {
            return "No host of the fleet is running. Start the daemon on one: systemctl start tributary"
        }
        if report.hosts.allSatisfy(\.draining) {
            return
                "Every host is draining. Let a host take integrations again: \(CommandHint.command("fleet undrain HOST"))"
        }
        return
            "A host takes over within \(report.lease.ttlSeconds + 1) s. If not, check whether the integration is in the configuration "
            + "of the running hosts: \(CommandHint.command("check"))"
    }

    private struct Row {
        var mark: StatusText.Mark
        var cells: [String]
    }

    /// Columns are as wide as their content. If the window is too narrow, the last columns are omitted.
    private func table(_ head: [String], _ rows: [Row]) -> [String] {
        let widths = head.indices.map { column in
            ([head] + rows.map(\.cells)).map { $0[column].count }.max() ?? 0
        }
        var shown = head.count
        while let columns = terminal.size?.columns, shown > 2, widths[..<shown].reduce(2 * shown, +) > columns {
            shown -= 1
        }
        func line(_ cells: [String]) -> String {
            var text = ""
            for column in 0..<shown {
                text += "  " + cells[column]
                if column < shown - 1 {
                    text += String(repeating: " ", count: widths[column] - cells[column].count)
                }
            }
            return String(text.drop { $0 == " " })
        }
        return ["  " + terminal.dim(line(head))] + rows.map { terminal.mark($0.mark) + " " + line($0.cells) }
    }

    /// The age of a time, such as `5m ago`; empty if there is no time.
    private func age(_ time: String?) -> String {
        guard let time, let then = CivilTime.milliseconds(rfc3339: time) else { return "" }
        return StatusReport.duration(Int((now - then) / 1000)) + " ago"
    }
}

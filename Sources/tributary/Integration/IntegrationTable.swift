import Collector
import CommandHints
import Configuration
import FoundationEssentials
import Setup

/// The integrations as configured, and as a running daemon reports them.
struct IntegrationTable {
    /// The readable parts of the configuration.
    let configuration: Configuration
    /// Why a daemon would not start with this configuration; nil if it would start.
    let refusal: ConfigurationError?
    /// The configuration's files, and the file and line that declare each integration.
    let edit: ConfigurationEdit
    /// The running daemon's report; nil if no daemon runs, or if this configuration has mistakes and the daemon uses another configuration file.
    let report: StatusReport?

    init(_ administration: Administration) throws {
        edit = try ConfigurationEdit(of: administration.path)
        // If one integration has a mistake, the table must still show the others.
        var context = administration.context
        context.mistakes = .integration
        do throws(ConfigurationError) {
            configuration = try edit.load(context)
            refusal = nil
        } catch {
            context.mistakes = .nothing
            configuration = try edit.load(context)
            refusal = error
        }
        let (refusal, path) = (refusal, administration.path)
        let daemon = administration.daemon(configuration)
        report = daemon.current.flatMap { report in
            guard refusal == nil || !report.isOfAnother(than: path) else { return nil }
            return StatusFile.isHeld(inDirectory: daemon.directory, by: report) ? report : nil
        }
    }

    struct Row: Encodable {
        var name: String
        var description: String?
        var url: String
        var kinds: [String]
        var credential: String?
        var responseCredential: String?
        var paused: Bool
        var file: String?
        var line: Int?
        /// The state as in `status.json`; absent if no daemon runs, or if the daemon does not know the integration.
        var state: String?
        var lagSeconds: Int?
        var lastEventAt: String?
        var events: Int?
        var problem: StatusReport.Problem?
        /// The mistakes in the integration's configuration, one per line. The integration is not used until they are corrected.
        var mistakes: [String]?
        /// For the command `show`: the value of each key, including defaults, by the key's path; without `description` and `url`.
        var settings: [String: String]?
    }

    var rows: [Row] {
        configuration.integrations.map { integration in
            let record = IntegrationRecord(integration)
            let status = report?.integrations.first { $0.name == integration.name.text }
            let place = edit.place(ofIntegration: integration.name)
            return Row(
                name: integration.name.text, description: integration.description.map(LiteralSecret.masked),
                url: integration.url.origin, kinds: record.kinds.map(\.rawValue),
                credential: integration.dataIngest?.credential.name.text,
                responseCredential: integration.responseAction?.credential.name.text, paused: integration.paused,
                file: place?.file, line: place?.line, state: status?.state.rawValue, lagSeconds: status?.lagSeconds,
                lastEventAt: status?.lastEventAt, events: status?.events, problem: status?.problem)
        }
    }

    /// The integrations whose configuration can't be used.
    var unusable: [Row] {
        configuration.unusable.map { integration in
            Row(
                name: integration.name, url: integration.org ?? "-", kinds: [], paused: false,
                file: integration.problems.first?.place.file, line: integration.problems.first?.place.line,
                mistakes: integration.problems.map { LiteralSecret.masked($0.description) })
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self).printableJSON
    }

    /// A heading, then a line for each integration, followed by its problem or its mistakes.
    func text(_ terminal: Terminal) -> [String] {
        let rows = rows + unusable
        guard !rows.isEmpty else { return ["no integrations; add one with: \(CommandHint.asRoot("integration add"))"] }
        let head = [" ", "NAME", "KINDS", "CREDENTIAL", "STATE", "LAG", "LAST EVENT", "ORG"]
        let cells = rows.map { row in
            [
                " ", row.name.printable,
                row.kinds.map { $0 == "data_ingest" ? "ingest" : "response" }.joined(separator: "+"),
                row.credential ?? row.responseCredential ?? "-", row.stateWords(isRunning: report != nil),
                row.lagSeconds.map(StatusReport.duration) ?? "-", row.lastEventAt ?? "-", row.url,
            ]
        }
        let widths = head.indices.map { column in ([head] + cells).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String], mark: String) -> String {
            ([mark] + head.indices.dropFirst().map { cells[$0].padding(to: $0 == head.count - 1 ? 0 : widths[$0]) })
                .joined(separator: "  ")
        }
        var lines = [line(head, mark: " ")]
        for (row, cells) in zip(rows, cells) {
            lines.append(line(cells, mark: row.mark(terminal, isRunning: report != nil)))
            if let problem = row.problem {
                lines += ["   \(problem.message.printable)", "   \(problem.remedy.printable)"]
            }
            lines += (row.mistakes ?? []).map { "   \($0.printable)" }
        }
        return lines
    }
}

extension IntegrationTable.Row {
    func stateWords(isRunning: Bool) -> String {
        if mistakes != nil { return "not usable" }
        if let state { return state.replacing("_", with: " ") }
        if paused { return "paused" }
        if !kinds.contains("data_ingest") { return "no log" }
        return isRunning ? "not applied" : "-"
    }

    /// One character for the state, as the help of `integration list` explains.
    func mark(_ terminal: Terminal, isRunning: Bool) -> String {
        if mistakes != nil { return terminal.red("✘") }
        guard let state else { return paused ? terminal.dim("‖") : "·" }
        if paused { return terminal.dim("‖") }
        switch StatusReport.State(rawValue: state) {
        case .live, .catchingUp: return terminal.green("✔")
        case .starting: return "…"
        case .standby: return "·"
        default: return terminal.red("✘")
        }
    }

    /// All facts about the integration as text, one fact per line.
    func details(_ terminal: Terminal, isRunning: Bool, settings: [(String, String)]) -> String {
        var lines: [(String, String)] = [
            ("name", name), ("description", description?.printable ?? "none"), ("org", url),
            ("kinds", kinds.joined(separator: ", ").replacing("_", with: " ")),
        ]
        lines += settings.map { ($0.0, $0.1.printable) }
        lines.append(("file", file.map { "\($0):\(line ?? 0)" } ?? "not known"))
        lines.append(("state", "\(mark(terminal, isRunning: isRunning)) \(stateWords(isRunning: isRunning))"))
        if let lagSeconds { lines.append(("lag", StatusReport.duration(lagSeconds))) }
        if let lastEventAt { lines.append(("last event", lastEventAt)) }
        if let events { lines.append(("events", "\(events) since the daemon's start")) }
        if let problem {
            lines += [
                ("problem", problem.message.printable), ("what to do", problem.remedy.printable),
                ("since", problem.since),
            ]
        }
        let width = (lines.map(\.0.count).max() ?? 0) + 2
        return lines.map { $0.0.padding(to: width) + $0.1 }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

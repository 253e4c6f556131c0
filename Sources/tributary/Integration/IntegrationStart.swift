import Collector
import CommandHints
import Configuration
import Credentials
import FoundationEssentials
import Glibc
import Setup
import Spool

/// The last part of `integration add`, after the integration is saved: starts the service if the person wants that, waits for the first events, and
/// prints the result.
struct IntegrationStart {
    let request: IntegrationRequest
    let administration: Administration
    let dialogue: Dialogue?
    let interruption: Interruption
    let patience: Duration
    /// Whether to start a stopped service without asking the person (`--enable`).
    let enables: Bool
    let json: Bool

    /// The result for programs.
    fileprivate struct Document: Encodable {
        var name: String
        var url: String
        var kinds: [String]
        var credential: String?
        var file: String
        var check: OnlineReport?
        /// `collecting`, `on_another_host`, `failing`, `waiting`, `not_running` or `saved`.
        var state: String
        var events: Int?
        var lastEventAt: String?
        var lagSeconds: Int?
        /// The host of the fleet that collects the integration, if it is not this host.
        var host: String?
        var problem: String?
        /// Whether the integration is still catching up with the log.
        var isCatchingUp = false

        private enum CodingKeys: String, CodingKey {
            case name, url, kinds, credential, file, check, state, events, lastEventAt, lagSeconds, host, problem
        }
    }

    private var name: String { request.record.name.text }

    /// - Throws: exit code 69 if no events come in time, if the integration has a problem, or if the service does not start.
    func finish(_ daemon: ChangeInForce.Daemon) async throws {
        let file = request.edit.dropIn(request.record.fileName)
        Terminal.complain("\(green("✔")) \(name) is saved: \(file)")
        var document = Document(
            name: name, url: request.record["url"] ?? "", kinds: request.record.kinds.map(\.rawValue),
            credential: request.record[IntegrationRecord.Kind.dataIngest.credential], file: file,
            check: request.report, state: "saved")
        var failure: (any Error)?
        var isRunning = daemon != .notRunning
        if !isRunning {
            switch start() {
            case .running: isRunning = true
            case .notRunning: break
            case .failed(let words):
                Terminal.complain("tributary: \(words)")
                document.problem = words
                failure = ExitStatus.unavailable
            }
        }
        if !isRunning {
            document.state = "not_running"
        } else if daemon == .notAsked {
            Terminal.complain("  make the daemon apply the change with: \(CommandHint.reload)")
        } else if request.record.has(.dataIngest), patience > .zero {
            failure = await waitForEvents(&document)
        }
        try say(document)
        if let failure { throw failure }
    }

    // MARK: The service

    private enum Start {
        case running, notRunning
        case failed(String)
    }

    /// Starts the service if `--enable` is given, or if the person answers yes.
    private func start() -> Start {
        guard administration.isInstalled, geteuid() == 0, InstalledUnit.find() != nil else { return sayHowToStart() }
        // Ctrl-C at this question means no. The integration stays saved.
        let question = "Start the service now, and at every boot?"
        guard enables || ((try? dialogue?.confirm(question, standard: true)) ?? false) else { return sayHowToStart() }
        do throws(Subprogram.Failure) {
            // The unit may take five minutes to start (TimeoutStartSec=).
            let ended = try Subprogram.run(
                "/usr/bin/systemctl", ["enable", "--now", "tributary.service"], outputLimit: 1 << 20,
                patience: 330_000)
            if ended.status == 0 { return .running }
            return .failed("the service did not start: \(ended.errors); see systemctl status tributary")
        } catch {
            return .failed("systemctl enable --now tributary: \(error.words)")
        }
    }

    private func sayHowToStart() -> Start {
        Terminal.complain(
            "  no daemon runs; start it with: "
                + (administration.isInstalled ? "sudo systemctl enable --now tributary" : CommandHint.start))
        return .notRunning
    }

    // MARK: Events

    private func waitForEvents(_ document: inout Document) async -> (any Error)? {
        Terminal.complain("  waiting for the first events; Ctrl-C ends the wait, and \(name) stays saved")
        let daemon = administration.daemon(request.configuration)
        switch await FirstEvents(daemon: daemon, interruption: interruption).wait(for: name, within: patience) {
        case .collecting(let integration):
            document.state = "collecting"
            document.take(integration)
            return nil
        case .elsewhere(let host):
            document.state = "on_another_host"
            document.host = host
            return nil
        case .failing(let integration):
            document.state = "failing"
            document.take(integration)
            document.problem = integration.problem.map { "\($0.message). \($0.remedy)" }
            return ExitStatus.unavailable
        case .late:
            document.state = "waiting"
            return ExitStatus.unavailable
        case .left:
            document.state = "waiting"
            return nil
        }
    }

    private func say(_ document: Document) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return Terminal.result(String(decoding: try encoder.encode(document), as: UTF8.self))
        }
        let terminal = Terminal.output
        switch document.state {
        case "collecting":
            var words = document.events == 0 ? "no events so far" : "\(document.events ?? 0, "event", "events") so far"
            if let last = document.lastEventAt { words += ", up to \(last)" }
            if let lag = document.lagSeconds, document.isCatchingUp {
                words += "; the rest of the log is still being collected, lag \(StatusReport.duration(lag))"
            }
            Terminal.result("\(terminal.green("✔")) \(name) collects: \(words)")
            let spool = request.configuration.spool
            let first = Int(min(SpoolSettings.firstFiles, spool.segmentMaxAge.duration).components.seconds)
            Terminal.complain(
                "  files appear in \(spool.directory) within \(StatusReport.duration(first)); list them with: \(CommandHint.command("spool list"))"
            )
        case "on_another_host":
            Terminal.result(
                "\(terminal.green("✔")) \(name) is saved, and \(document.host ?? "another host") of the fleet collects it: see \(CommandHint.command("fleet status"))"
            )
        case "failing":
            Terminal.result(
                "\(terminal.red("✘")) \(name) is saved, but fails: \(document.problem ?? "see \(CommandHint.command("status"))")"
            )
        case "waiting":
            Terminal.result("\(name) is saved, but has collected nothing so far: see \(CommandHint.command("status"))")
        case "not_running": Terminal.result("\(name) is saved, but no daemon runs")
        default: Terminal.result("\(name) is saved")
        }
    }

    private func green(_ text: String) -> String { Terminal(descriptor: STDERR_FILENO).green(text) }
}

extension IntegrationStart.Document {
    fileprivate mutating func take(_ integration: StatusReport.Integration) {
        events = integration.events
        lastEventAt = integration.lastEventAt
        lagSeconds = integration.lagSeconds
        isCatchingUp = integration.state == .catchingUp
    }
}

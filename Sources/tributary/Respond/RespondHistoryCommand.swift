import ArgumentParser
import Collector
import Respond
import ResponseLog

struct RespondHistory: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show past actions, newest first: what was done, by whom, and for which case.",
        discussion: """
            Reads the response log, which also contains refused actions and dry runs. The daemon writes the same entries to the spool as records.

            Example:
              tributary respond history --case INC-4711
              tributary respond history --user mallory@acme.example --json | jq .result
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(name: .customLong("case"), help: ArgumentHelp("Only actions for this case.", valueName: "id")) var caseID:
        String?
    @Option(help: "Only actions on this user: a login, an e-mail address or an id.") var user: String?
    @Option(help: "Only actions of this integration.", completion: .names(of: .integrations)) var integration: String?
    @Option(help: ArgumentHelp("The largest number of actions to show, up to 10000.", valueName: "number")) var limit =
        100
    @Flag(help: "Print JSON, one action per line.") var json = false

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000") }
    }

    func run() throws {
        try Responder.reporting(json: json) {
            let responder = try Responder(options)
            let filter = ResponseHistory.Filter(caseID: caseID, user: user, integration: integration, limit: limit)
            var isEmpty = true
            let answer = try responder.ask(
                .history(filter: filter),
                onLine: { line in
                    guard case .history(let entry) = line else { return }
                    isEmpty = false
                    if json { return Terminal.result(RespondJSON.line(entry)) }
                    Self.lines(entry).forEach(Terminal.result)
                })
            guard case .end = answer else { throw Responder.unexpected }
            if isEmpty, let integration, responder.configuration.isComplete,
                !responder.configuration.integrations.contains(integration)
            {
                throw Responder.Failure(
                    code: "no-integration",
                    message:
                        "\(responder.configuration.file) has no integration “\(integration.printable)”, and the response log contains no matching action",
                    status: ExitStatus.noInput)
            }
            if isEmpty, !json {
                Terminal.complain("no recorded actions" + (caseID ?? user ?? integration == nil ? "" : " match"))
            }
        }
    }

    /// Two lines: the action, then its result and reason.
    private static func lines(_ entry: ResponseEntry) -> [String] {
        let terminal = Terminal.output
        let outcome = entry.result?.outcome.rawValue ?? "begun"
        var what = "\(WallClock.text(entry.time))  \(outcome)  \(entry.action.rawValue)"
        if entry.command != entry.action { what += " (a step of \(entry.command.rawValue))" }
        what +=
            "  \(entry.user.login ?? entry.user.asked)  \(entry.caseID)  by \(actor(entry.actor)) in \(entry.integration)"
        if entry.isDryRun { what += ", a dry run" }
        if entry.isForced { what += ", forced" }
        let reason = entry.reason.map { " Reason: \($0)" } ?? ""
        return [what.printable]
            + terminal.wrapped(
                "  \(entry.id)  \((entry.result?.message ?? "the outcome is not known yet").printable)\(reason.printable)",
                indent: 2)
    }

    private static func actor(_ actor: ResponseActor) -> String {
        actor.person == actor.user ? actor.user : "\(actor.person) as \(actor.user)"
    }
}

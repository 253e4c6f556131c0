import ArgumentParser
import Respond

struct RespondList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show which actions an integration's credential may perform, and why it may not perform the others.",
        discussion: """
            This command changes nothing and records nothing.

            Example:
              tributary respond list --integration acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(
        help: "The integration; optional if only one integration has a response_action.",
        completion: .names(of: .integrations))
    var integration: String?
    @Flag(help: "As JSON.") var json = false

    func run() throws {
        try Responder.reporting(json: json) {
            let responder = try Responder(options)
            let name = try responder.integration(integration)
            guard case .capabilities(let rows) = try responder.ask(.capabilities(integration: name)) else {
                throw Responder.unexpected
            }
            if json { return Terminal.result(RespondJSON.line(rows)) }
            let terminal = Terminal.output
            let width = rows.map(\.action.rawValue.count).max() ?? 0
            for row in rows {
                let mark: StatusText.Mark = row.isPossible.map { $0 ? .well : .trouble } ?? .waiting
                let sign =
                    terminal.isTerminal ? terminal.mark(mark) : row.isPossible.map { $0 ? "yes" : "no " } ?? "?  "
                let pad = String(repeating: " ", count: width - row.action.rawValue.count)
                terminal.wrapped(
                    "\(sign) \(row.action.rawValue)\(pad)  \(row.explanation.printable)", indent: width + 4
                )
                .forEach(Terminal.result)
            }
        }
    }
}

import ArgumentParser
import Configuration
import Setup

/// What `edit`, `pause` and `resume` have in common: one integration says something else from now on.
struct IntegrationChange {
    let administration: Administration
    let interruption: Interruption
    let reloads: Bool

    init(_ options: ConfigurationOptions, noReload: Bool) {
        administration = Administration(configuration: options.config)
        interruption = Interruption.watch()
        reloads = !noReload
    }

    /// - Parameters:
    ///   - name: of the integration.
    ///   - body: changes what it says.
    /// - Returns: what became of it in the daemon; nil if nothing was to be changed.
    func apply(
        to name: String, _ body: (inout IntegrationRecord, Configuration) async throws -> Void
    ) async throws -> ChangeInForce.Daemon? {
        try administration.requireWriting()
        var edit = try ConfigurationEdit(of: administration.path)
        let present = try edit.load(administration.context)
        let before = IntegrationRecord(try present.known(name))
        var record = before
        try await body(&record, present)
        guard record != before else { return nil }
        let configuration = try edit.change(to: record, present: present, administration.context)
        return try await ChangeInForce(
            administration: administration, interruption: interruption, reloads: reloads
        ).apply(edit, configuration)
    }
}

struct IntegrationPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Collect nothing of an integration until it is resumed.",
        discussion: """
            What it has collected is sealed; its place in the log, its history and the spool are kept. Okta keeps its log for 90 days.

            Example:
              sudo tributary integration pause acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The integration.", completion: .names(of: .integrations)) var name: String
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        let change = IntegrationChange(options, noReload: noReload)
        try await change.administration.attempt {
            let outcome = try await change.apply(to: name) { record, _ in
                if record["paused"] != "true" { try record.set("paused", to: "true") }
            }
            guard let outcome else { return Terminal.result("\(name) is paused already") }
            Terminal.result(outcome.words("\(name) is paused; its place, its history and the spool are kept"))
            Terminal.complain("  resume it with: tributary integration resume \(name)")
        }
    }
}

struct IntegrationResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on collecting from where a paused integration was.",
        discussion: """
            Example:
              sudo tributary integration resume acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The integration.", completion: .names(of: .integrations)) var name: String
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        let change = IntegrationChange(options, noReload: noReload)
        try await change.administration.attempt {
            let outcome = try await change.apply(to: name) { record, _ in
                if record["paused"] == "true" { try record.set("paused", to: nil) }
            }
            guard let outcome else { return Terminal.result("\(name) is not paused") }
            Terminal.result(outcome.words("\(name) goes on from its place"))
        }
    }
}

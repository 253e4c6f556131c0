import ArgumentParser
import CommandHints
import Configuration
import Setup

/// The common part of `edit`, `pause` and `resume`: changes one integration.
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
    ///   - name: the integration's name.
    ///   - body: makes the changes.
    /// - Returns: what the daemon did with the change; nil if nothing had to be changed.
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

extension IntegrationChange {
    /// Pauses or resumes an integration, and prints the outcome. Returns whether anything has changed.
    fileprivate func setPaused(_ name: String, _ isPaused: Bool, done: String, already: String) async throws -> Bool {
        try await administration.attempt {
            let outcome = try await apply(to: name) { record, _ in
                if (record["paused"] == "true") != isPaused { try record.set("paused", to: isPaused ? "true" : nil) }
            }
            Terminal.result(outcome?.words(done) ?? already)
            return outcome != nil
        }
    }
}

struct IntegrationPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop collecting an integration until it is resumed.",
        discussion: """
            Collected records are sealed. The integration's place in the log, its history and its spool are kept. Resume the integration within 90 \
            days, because Okta deletes older events.

            Example:
              sudo tributary integration pause acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The integration.", completion: .names(of: .integrations)) var name: String
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        let isNews = try await IntegrationChange(options, noReload: noReload).setPaused(
            name, true, done: "\(name) is paused; its place in the log, its history and its spool are kept",
            already: "\(name) is already paused")
        if isNews { Terminal.complain("  resume it with: \(CommandHint.command("integration resume \(name)"))") }
    }
}

struct IntegrationResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Continue collecting a paused integration from the place in the log where it was paused.",
        discussion: """
            Example:
              sudo tributary integration resume acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The integration.", completion: .names(of: .integrations)) var name: String
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        _ = try await IntegrationChange(options, noReload: noReload).setPaused(
            name, false, done: "\(name) is resumed and continues from its place in the log",
            already: "\(name) is not paused")
    }
}

import ArgumentParser
import Configuration

/// The options that all acting commands share.
struct RespondHandling: ParsableArguments {
    @Flag(help: "Show what the action would do, without doing it. The dry run is recorded, too.") var dryRun = false
    @Flag(help: "Do not ask for confirmation. Required without a terminal.") var yes = false
    @Flag(
        help: """
            Also act on administrators and the credential's owner, and ignore response.users_per_hour. Users in response.protected_users stay \
            protected.
            """)
    var force = false
    @Flag(help: "After the action, wait until the daemon has committed Okta's event about the action.") var wait = false
    @Option(help: ArgumentHelp("How long --wait may take, up to 1h.", valueName: "duration")) var waitFor:
        ConfigurationDuration =
            .twoMinutes
    @Flag(help: "Print the result as JSON, one line per user.") var json = false

    /// Reports that the person did not confirm the action.
    func sayDeclined(_ result: RespondJSON) {
        if json { Terminal.result(RespondJSON.line(result)) }
        Terminal.complain("nothing was done")
    }

    func validate() throws {
        guard (1...3_600).contains(waitFor.seconds) else { throw ValidationError("--wait-for must be from 1s to 1h") }
    }
}

extension ConfigurationDuration: ExpressibleByArgument {
    // The text “2m” always parses, so the alternative is never used.
    fileprivate static let twoMinutes = (try? ConfigurationDuration(parsing: "2m")) ?? .init(seconds: 120)

    /// Parses a duration in the form of the configuration.
    public init?(argument: String) { try? self.init(parsing: argument) }
}

/// The user on whom to act, the case, and the reason.
struct RespondTarget: ParsableArguments {
    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The user: a login, an e-mail address or Okta's id (00u…).") var user: String?

    @Option(
        help: "The integration; optional if only one integration has a response_action.",
        completion: .names(of: .integrations))
    var integration: String?

    @Option(
        name: .customLong("case"),
        help: ArgumentHelp("The id of the case for which you act, such as INC-4711.", valueName: "id"))
    var caseID: String?

    @Option(help: ArgumentHelp("Why you act; stored in the response log.", valueName: "text")) var reason: String?

    @Option(
        help: ArgumentHelp(
            """
            Act on many users, from a file or from standard input (-): one user per line, or a JSON object per line with user, case and reason; # \
            begins a comment line. If the command is interrupted, run it again with the same file, and it continues.
            """, valueName: "file"), completion: .file())
    var from: String?

    @Option(
        help:
            "Your own id for this request: a second request with the same id does nothing and returns the earlier answer."
    )
    var key: String?

    @OptionGroup var handling: RespondHandling

    /// Checks the arguments. The command itself calls this method, so that mistakes are reported as JSON with --json. The parser would report them as
    /// text.
    func check() throws(Responder.Failure) {
        if from != nil {
            guard user == nil else { throw .mistake("give one user, or a file with --from, but not both") }
            guard key == nil else {
                throw .mistake("--key is only for one user: with --from, the command makes a key for each line")
            }
        } else {
            guard user != nil else {
                throw .mistake("give a user (a login, an e-mail address or an id), or a file with --from")
            }
            guard caseID != nil else { throw .mistake("--case is missing: name the case for which you act") }
        }
    }
}

import ArgumentParser
import Configuration

/// How an action is tried: what all commands that act have in common.
struct RespondHandling: ParsableArguments {
    @Flag(help: "Show what would happen and do nothing; that is on record too.") var dryRun = false
    @Flag(help: "Do not ask. Needed where nobody can be asked.") var yes = false
    @Flag(
        help: """
            Act on administrators and the credential's owner too, and beyond response.users_per_hour. Users of response.protected_users stay \
            protected.
            """)
    var force = false
    @Flag(help: "Afterwards wait until the daemon has committed Okta's event of the action.") var wait = false
    @Option(help: ArgumentHelp("How long, up to 1h.", valueName: "duration")) var waitFor: ConfigurationDuration =
        .twoMinutes
    @Flag(help: "The result as JSON, a line for each user.") var json = false

    /// The answer to the question was no.
    func sayDeclined(_ result: RespondJSON) {
        if json { Terminal.result(RespondJSON.line(result)) }
        Terminal.complain("nothing was done")
    }

    func validate() throws {
        guard (1...3_600).contains(waitFor.seconds) else { throw ValidationError("--wait-for is from 1s to 1h") }
    }
}

extension ConfigurationDuration: ExpressibleByArgument {
    // It can be read.
    fileprivate static let twoMinutes = (try? ConfigurationDuration(parsing: "2m")) ?? .init(seconds: 120)

    /// Reads it as the configuration does.
    public init?(argument: String) { try? self.init(parsing: argument) }
}

/// Whom an action is about, and why.
struct RespondTarget: ParsableArguments {
    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "A login, an e-mail address or an id (00u…) of Okta.") var user: String?

    @Option(
        help: "The integration; it may be left out when only one has a response_action.",
        completion: .names(of: .integrations))
    var integration: String?

    @Option(name: .customLong("case"), help: ArgumentHelp("The case that the action is for.", valueName: "id"))
    var caseID: String?

    @Option(help: ArgumentHelp("Why, for the record.", valueName: "text")) var reason: String?

    @Option(
        help: ArgumentHelp(
            """
            Many users, from a file or from standard input (-): a user a line, or a line of JSON with user, case and reason; # begins a comment \
            line. The same command with the same file goes on where it was stopped.
            """, valueName: "file"), completion: .file())
    var from: String?

    @Option(
        help: "A name of your own for this request: the same again does nothing and gives the earlier answer.")
    var key: String?

    @OptionGroup var handling: RespondHandling

    /// Checked by the command itself, so that --json has its answer too.
    func check() throws(Responder.Failure) {
        if from != nil {
            guard user == nil else { throw .mistake("name one user, or a file with --from") }
            guard key == nil else {
                throw .mistake("--key is for one user; with --from each line has a key of its own")
            }
        } else {
            guard user != nil else {
                throw .mistake("name a user: a login, an e-mail address or an id; or a file with --from")
            }
            guard caseID != nil else { throw .mistake("--case is missing: name the case that this is for") }
        }
    }
}

import ArgumentParser
import Respond

struct RespondUndo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Undo an action from the history, if it has an opposite.",
        discussion: """
            These are opposites: contain and release, suspend and unsuspend, deactivate and activate, add-to-group and remove-from-group. To undo \
            set-risk, the command sets the earlier level. Other actions can't be undone: the user must sign in again, enroll again, or choose a new \
            password.

            Example:
              tributary respond history --case INC-4711
              tributary respond undo 1e53b9a4-6a43-4a55-8f0c-3d3c8a1f1c11
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The action's id in the history.") var record: String
    @Option(
        name: .customLong("case"),
        help: ArgumentHelp(
            "The id of the case for which you undo the action; by default, the action's own case.", valueName: "id"))
    var caseID: String?
    @Option(help: ArgumentHelp("Why you act; stored in the response log.", valueName: "text")) var reason: String?
    @OptionGroup var handling: RespondHandling

    func run() throws {
        try Responder.reporting(json: handling.json) {
            let responder = try Responder(options)
            guard case .undo(var request) = try responder.ask(.undo(record: record.withoutOuterSpace)) else {
                throw Responder.unexpected
            }
            request.caseID = caseID?.withoutOuterSpace ?? request.caseID
            request.reason = reason
            request.isDryRun = handling.dryRun
            request.isForced = handling.force
            try RespondToOne(responder, handling).run(request)
        }
    }
}

import ArgumentParser
import Respond

struct RespondUndo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Take an action of the history back, where it has an opposite.",
        discussion: """
            suspend and unsuspend, deactivate and activate, add-to-group and remove-from-group are opposites. What a user lost by another action \
            does not come back by itself: a user signs in again, enrolls again, chooses a new password.

            Example:
              tributary respond history --case INC-4711
              tributary respond undo 1e53b9a4-6a43-4a55-8f0c-3d3c8a1f1c11
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "Its id in the history.") var record: String
    @Option(name: .customLong("case"), help: ArgumentHelp("Another case than that of the action.", valueName: "id"))
    var caseID: String?
    @Option(help: ArgumentHelp("Why, for the record.", valueName: "text")) var reason: String?
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

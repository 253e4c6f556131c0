import ArgumentParser
import FoundationEssentials
import Respond
import ResponseLog

/// What came of a request, for programs: a line of JSON. It holds no secret.
struct RespondJSON: Encodable {
    /// As the caller wrote it.
    var user: String
    var integration: String?
    var action: ResponseAction
    var caseID: String?
    /// Of the step that went worst; `failed` when the helper could not be asked.
    var outcome: ResponseResult.Outcome
    /// Stable; see docs/respond.md.
    var code: String?
    var message: String
    /// What the command ends with on account of this user.
    var exitCode: Int32
    var isDryRun: Bool
    /// The same key was asked before, and nothing was done this time.
    var isRepeat: Bool
    /// An entry of the response log for each step.
    var steps: [ResponseEntry]
    /// Users that match, when more than one does.
    var candidates: [ResponseUser]?
    /// With --wait: Okta's events that the daemon has committed, and the calls whose events it has not.
    var committed: [CommittedActions.Action]?
    var notCommitted: [CommittedActions.Awaited]?
    /// With --wait: `committed`, `not-committed`, `interrupted` or why the helper could not be asked. What was done stays done.
    var wait: String?

    init(_ request: ResponseRequest, _ report: ResponseReport, candidates: [ResponseUser] = []) {
        let verdict = RespondVerdict(report.entries)
        self.init(
            request, outcome: verdict.worst.outcome, code: verdict.worst.code, message: verdict.worst.message,
            exitCode: verdict.status.rawValue)
        isRepeat = report.isRepeat
        steps = report.entries
        self.candidates = candidates.isEmpty ? nil : candidates
    }

    /// - Parameter failure: why nothing is known of the request.
    init(_ request: ResponseRequest, _ failure: Responder.Failure) {
        self.init(
            request, outcome: failure.code == "no-answer" ? .unknown : .failed, code: failure.code,
            message: failure.message,
            exitCode: failure.status.rawValue)
    }

    /// The answer to the question was no.
    init(declined request: ResponseRequest) {
        self.init(request, outcome: .refused, code: "declined", message: "nothing was done", exitCode: 0)
    }

    private init(
        _ request: ResponseRequest, outcome: ResponseResult.Outcome, code: String?, message: String, exitCode: Int32
    ) {
        user = request.user
        integration = request.integration
        action = request.action
        caseID = request.caseID
        self.outcome = outcome
        self.code = code
        self.message = message
        self.exitCode = exitCode
        isDryRun = request.isDryRun
        isRepeat = false
        steps = []
    }

    /// One line that a terminal can show.
    static func line(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}").printableJSON
    }
}

import ArgumentParser
import FoundationEssentials
import Respond
import ResponseLog

/// The outcome of a request, as a line of JSON for programs. It contains no secrets.
struct RespondJSON: Encodable {
    /// The text with which the caller named the user.
    var user: String
    var integration: String?
    var action: ResponseAction
    var caseID: String?
    /// The outcome of the worst step. Without a step: `unknown` if the helper did not report the outcome, `refused` if the person did not confirm the
    /// action, otherwise `failed`.
    var outcome: ResponseResult.Outcome
    /// A stable code for the outcome; docs/respond.md lists the codes.
    var code: String?
    var message: String
    /// The exit code for this user.
    var exitCode: Int32
    var isDryRun: Bool
    /// Whether an earlier request had the same key, so that nothing was done this time.
    var isRepeat: Bool
    /// An entry of the response log for each step.
    var steps: [ResponseEntry]
    /// The matching users, if there are several.
    var candidates: [ResponseUser]?
    /// With --wait: Okta's events that the daemon has committed.
    var committed: [CommittedActions.Action]?
    /// With --wait: the calls whose events the daemon has not committed.
    var notCommitted: [CommittedActions.Awaited]?
    /// With --wait: the result of the wait, which is `committed`, `not-committed`, `interrupted` or a code for the failure to reach the helper. The
    /// action itself is done in any case.
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

    /// - Parameter failure: why there is no report from the helper.
    init(_ request: ResponseRequest, _ failure: Responder.Failure) {
        self.init(
            request, outcome: failure.code == "no-answer" ? .unknown : .failed, code: failure.code,
            message: failure.message,
            exitCode: failure.status.rawValue)
    }

    /// The outcome if the person did not confirm the action.
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

    /// One line of JSON that a terminal can show safely.
    static func line(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}").printableJSON
    }
}

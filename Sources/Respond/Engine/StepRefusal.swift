import OktaAPI
import ResponseLog

/// Interprets Okta's refusal of a step, and says what would work instead. The codes are from Okta's list of errors.
struct StepRefusal: Sendable, Equatable {
    let code: ResponseCode
    /// One or more sentences; the last one has no final full stop.
    let message: String

    init(
        _ error: OktaCallError, _ step: ResponseStep, who: String, status: String, isConflict: Bool, isServiceApp: Bool
    ) {
        let said = "Okta refused to \(step.words(for: who)): \(error)"
        if case .scope = error.kind {
            code = .notPermitted
            message = "Could not \(step.words(for: who)): \(error)"
            return
        }
        switch (error.status, error.code) {
        case (_, "E0000023"):
            code = .managedElsewhere
            message = "\(said). Another directory manages this user: make the change there"
        case _ where isConflict:
            code = .wrongState
            message = "\(said). The status is \(status). \(Self.remedy(step, status))"
        case (401, "E0000015"), (404, "E0000008"), (405, _), (501, _):
            code = .notAvailable
            message = "\(said). The org lacks a license or a feature of Okta that the action needs"
        case (401, _):
            code = .credential
            message = "\(said). Check the credential: it is revoked, expired, or not allowed from this network"
        case (403, _):
            code = .notPermitted
            message = "\(said). To do this, \(step.action.needs.advice(isServiceApp: isServiceApp))"
        case (404, _), (410, _):
            code = .notFound
            message = "\(said). The user or the group no longer exists"
        default:
            code = .refused
            message = "\(said). Okta's support can find the call by its request id"
        }
    }

    /// What would work instead. By default, the same advice as ``StepPlan`` gives for the status.
    private static func remedy(_ step: ResponseStep, _ status: String) -> String {
        switch (step.action, status) {
        case (.unlock, "LOCKED_OUT"), (.resetPassword, "ACTIVE"), (.resetPassword, "LOCKED_OUT"),
            (.expirePassword, "ACTIVE"), (.expirePassword, "LOCKED_OUT"):
            "If a directory manages the password, make the change there. clear-sessions also works for users of a directory"
        case (.suspend, _):
            "Okta suspends only users with the status ACTIVE; clear-sessions ends the sessions of any user"
        default: StepPlan.remedy(status)
        }
    }
}

import OktaAPI
import ResponseLog

/// Facts about a user that some actions need in addition to the status. A fact that was not read is nil.
struct StepFacts: Sendable, Equatable {
    /// Whether an active user is blocked from signing in from unknown devices.
    var isBlocked: Bool?
    var isMember: Bool?
    var riskLevel: String?
}

/// Whether a step is possible in the user's present state. The rules follow the documentation of Okta's Users API. In undocumented cases, the call is
/// sent, and Okta decides.
enum StepPlan: Sendable, Equatable {
    case go
    /// The user is already in the state that the step would cause. The text describes that state.
    case alreadyDone(String)
    /// The step is not possible; the text says why, and what would work instead.
    case wrongState(String)

    init(_ step: ResponseStep, _ user: OktaUser, _ facts: StepFacts = StepFacts()) {
        let who = user.shown
        if user.status == "ACTIVATING", step.isDone(for: user) != nil {
            self = .wrongState("Okta is still activating \(who): try again in a minute")
            return
        }
        switch step.action {
        case .suspend, .contain: self = Self.suspend(user)
        case .unsuspend, .release:
            self = Self.only("SUSPENDED", done: ["ACTIVE"], user, "\(who) is not suspended")
        case .unlock:
            self =
                user.status == "ACTIVE" && facts.isBlocked != false
                ? .go : Self.only("LOCKED_OUT", done: ["ACTIVE"], user, "\(who) is not locked out")
        case .activate: self = Self.activate(user)
        case .deactivate:
            self =
                step.isDone(for: user) == true
                ? .alreadyDone("\(who) is already deactivated") : .go
        case .expirePassword:
            self = Self.password(user, done: "PASSWORD_EXPIRED", "the password of \(who) is already expired")
        case .resetPassword:
            // If the responder requests the link instead of an e-mail, Okta creates a new link, so the step is not “already done”.
            self =
                user.status == "RECOVERY" && step.options.sendEmail == false
                ? .go
                : Self.password(
                    user, done: "RECOVERY",
                    "the password of \(who) is already reset, and the user has not chosen a new one yet")
        case .resetFactors:
            self =
                user.status == "DEPROVISIONED"
                ? .wrongState("\(who) is deactivated and has no factors: there is nothing to do") : .go
        case .addToGroup:
            self = facts.isMember == true ? .alreadyDone(step.doneWords(for: who) + " already") : .go
        case .removeFromGroup:
            self = facts.isMember == false ? .alreadyDone(step.doneWords(for: who)) : .go
        case .setRisk:
            self =
                facts.riskLevel != nil && facts.riskLevel == step.options.riskLevel
                ? .alreadyDone(step.doneWords(for: who) + " already") : .go
        case .clearSessions, .universalLogout: self = .go
        }
    }

    private static func suspend(_ user: OktaUser) -> StepPlan {
        switch user.status {
        case "ACTIVE": .go
        case "SUSPENDED": .alreadyDone("\(user.shown) is already suspended")
        case "DEPROVISIONED":
            .wrongState("\(user.shown) is deactivated and can't sign in. clear-sessions ends existing sessions")
        default:
            .wrongState(
                "\(user.shown) has the status \(user.status), but Okta suspends only users with the status ACTIVE. "
                    + "clear-sessions ends the sessions now; deactivate closes the account and removes its applications"
            )
        }
    }

    private static func activate(_ user: OktaUser) -> StepPlan {
        switch user.status {
        case "STAGED", "DEPROVISIONED": .go
        case "ACTIVE": .alreadyDone("\(user.shown) is already active")
        case "PROVISIONED": .alreadyDone("\(user.shown) is already activated, but has not followed the link yet")
        default:
            .wrongState("\(user.shown) is not deactivated: the status is \(user.status). \(remedy(user.status))")
        }
    }

    private static func password(_ user: OktaUser, done: String, _ words: String) -> StepPlan {
        switch user.status {
        case done: .alreadyDone(words)
        case "STAGED", "DEPROVISIONED":
            .wrongState(
                "the password of \(user.shown) can't be expired or reset: the status is \(user.status). \(remedy(user.status))"
            )
        default: .go
        }
    }

    private static func only(_ status: String, done: [String], _ user: OktaUser, _ words: String) -> StepPlan {
        if user.status == status { return .go }
        if done.contains(user.status) { return .alreadyDone(words) }
        return .wrongState("\(words): the status is \(user.status). \(remedy(user.status))")
    }

    /// What to do about a user in this status: a sentence without the final full stop.
    static func remedy(_ status: String) -> String {
        switch status {
        case "ACTIVE": "There is nothing to do"
        case "LOCKED_OUT": "unlock lets the user sign in again"
        case "SUSPENDED": "unsuspend lets the user sign in again"
        case "DEPROVISIONED": "activate opens the account again, without its applications"
        case "STAGED": "activate opens the account"
        case "PROVISIONED": "The user has not followed the activation link yet"
        case "RECOVERY":
            "The user has not chosen a new password yet; reset-password --no-send-email gives you a new link"
        case "PASSWORD_EXPIRED": "The user must choose a new password at the next sign-in"
        default: "Check the user in the Admin Console"
        }
    }
}

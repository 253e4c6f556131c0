import OktaAPI
import ResponseLog

/// What was read of a user besides the status, where an action asks for it; nil: not read.
struct StepFacts: Sendable, Equatable {
    /// An active user who can't sign in from devices that are not known.
    var isBlocked: Bool?
    var isMember: Bool?
    var riskLevel: String?
}

/// What a step means for a user as the user is now. Which states Okta allows is by its Users API; what is not documented is left to Okta.
enum StepPlan: Sendable, Equatable {
    case go
    /// In words.
    case alreadyDone(String)
    /// Why, and what would work instead.
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
                ? .alreadyDone("\(who) is deactivated already") : .go
        case .expirePassword:
            self = Self.password(user, done: "PASSWORD_EXPIRED", "the password of \(who) is expired already")
        case .resetPassword:
            // Who wants the link gets a new one.
            self =
                user.status == "RECOVERY" && step.options.sendEmail == false
                ? .go
                : Self.password(
                    user, done: "RECOVERY",
                    "the password of \(who) is reset already, and the user has yet to choose a new one")
        case .resetFactors:
            self =
                user.status == "DEPROVISIONED"
                ? .wrongState("\(who) is deactivated and has no factors: nothing needs to be done") : .go
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
        case "SUSPENDED": .alreadyDone("\(user.shown) is suspended already")
        case "DEPROVISIONED":
            .wrongState("\(user.shown) is deactivated and can't sign in. clear-sessions ends what sessions there are")
        default:
            .wrongState(
                "\(user.shown) has the status \(user.status), and Okta suspends users with the status ACTIVE only. "
                    + "clear-sessions ends the sessions now; deactivate closes the account and takes its applications away"
            )
        }
    }

    private static func activate(_ user: OktaUser) -> StepPlan {
        switch user.status {
        case "STAGED", "DEPROVISIONED": .go
        case "ACTIVE": .alreadyDone("\(user.shown) is active already")
        case "PROVISIONED": .alreadyDone("\(user.shown) is activated already, and has yet to follow the link")
        default:
            .wrongState("\(user.shown) is not deactivated: the status is \(user.status). \(remedy(user.status))")
        }
    }

    private static func password(_ user: OktaUser, done: String, _ words: String) -> StepPlan {
        switch user.status {
        case done: .alreadyDone(words)
        case "STAGED", "DEPROVISIONED":
            .wrongState(
                "\(user.shown) has no password in use: the status is \(user.status). \(remedy(user.status))")
        default: .go
        }
    }

    private static func only(_ status: String, done: [String], _ user: OktaUser, _ words: String) -> StepPlan {
        if user.status == status { return .go }
        if done.contains(user.status) { return .alreadyDone(words) }
        return .wrongState("\(words): the status is \(user.status). \(remedy(user.status))")
    }

    /// What leads out of a status, as a sentence without its full stop.
    static func remedy(_ status: String) -> String {
        switch status {
        case "ACTIVE": "Nothing needs to be done"
        case "LOCKED_OUT": "unlock lets the user sign in again"
        case "SUSPENDED": "unsuspend lets the user sign in again"
        case "DEPROVISIONED": "activate opens the account again, without its applications"
        case "STAGED": "activate opens the account"
        case "PROVISIONED": "The user has yet to follow the link of the activation"
        case "RECOVERY":
            "The user has yet to choose a new password; reset-password without an e-mail gives you a new link"
        case "PASSWORD_EXPIRED": "The user chooses a new password at the next sign-in"
        default: "See the user in the Admin Console"
        }
    }
}

import ArgumentParser
import Respond
import ResponseLog

/// A command that performs one action.
protocol RespondCommand: ParsableCommand {
    static var action: ResponseAction { get }
    var target: RespondTarget { get }
    /// The parameters of the action in addition to the user.
    var details: ResponseOptions { get }
}

extension RespondCommand {
    var details: ResponseOptions { ResponseOptions() }

    func run() throws {
        try Responder.reporting(json: target.handling.json) {
            try target.check()
            let responder = try Responder(target.options)
            var request = ResponseRequest(
                integration: try responder.integration(target.integration), action: Self.action,
                user: (target.user ?? "").withoutOuterSpace, caseID: (target.caseID ?? "").withoutOuterSpace)
            request.options = details
            request.reason = target.reason
            request.key = target.key
            request.isDryRun = target.handling.dryRun
            request.isForced = target.handling.force
            if let file = target.from {
                try RespondBatch(responder, target.handling, like: request, file: file).run()
            } else {
                try RespondToOne(responder, target.handling).run(request)
            }
        }
    }

    static func about(_ abstract: String, _ discussion: String, example: String) -> CommandConfiguration {
        CommandConfiguration(
            commandName: action.rawValue, abstract: abstract,
            discussion: "\(discussion)\n\nExample:\n  tributary respond \(action.rawValue) \(example)")
    }
}

struct RespondContain: RespondCommand {
    static let action = ResponseAction.contain
    static let configuration = about(
        "Suspend a user, and clear sessions, tokens and remembered devices.",
        """
        Runs the steps one after the other, and reports each of them. If the user's present state does not allow a suspension, the sessions and \
        tokens are still cleared. A session in an application continues until the application asks Okta again. Exits with 77 if a step was refused.
        """, example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
}

struct RespondRelease: RespondCommand {
    static let action = ResponseAction.release
    static let configuration = about(
        "Undo a containment: unsuspend a user.",
        "The user must sign in again; sessions, tokens and remembered devices are not restored.",
        example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
}

struct RespondSuspend: RespondCommand {
    static let action = ResponseAction.suspend
    static let configuration = about(
        "Suspend a user: the user can't sign in until unsuspended.",
        """
        The user keeps groups and applications. Okta suspends only active users. The user's sessions are not cleared; to suspend \
        a user and clear the sessions, use tributary respond contain.
        """, example: "mallory@acme.example --case INC-4711 --wait")
    @OptionGroup var target: RespondTarget
}

struct RespondUnsuspend: RespondCommand {
    static let action = ResponseAction.unsuspend
    static let configuration = about(
        "Let a suspended user sign in again.", "The user is active again, with the same groups and applications.",
        example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
}

struct RespondClearSessions: RespondCommand {
    static let action = ResponseAction.clearSessions
    static let configuration = about(
        "End a user's sessions in Okta, revoke OAuth tokens, and forget remembered devices.",
        "The user can sign in again at once. A session in an application continues until the application asks Okta again.",
        example: "mallory@acme.example --case INC-4711 \\\n    --no-forget-devices")
    @OptionGroup var target: RespondTarget
    @Flag(inversion: .prefixedNo, help: "Also revoke the user's OAuth and OpenID Connect tokens.") var oauthTokens =
        true
    @Flag(inversion: .prefixedNo, help: "Also forget the devices that the user has asked Okta to remember.")
    var forgetDevices = true

    var details: ResponseOptions {
        var details = ResponseOptions()
        details.oauthTokens = oauthTokens
        details.forgetDevices = forgetDevices
        return details
    }
}

struct RespondExpirePassword: RespondCommand {
    static let action = ResponseAction.expirePassword
    static let configuration = about(
        "Make a user choose a new password at the next sign-in.",
        "Sessions continue, and anybody who knows the present password can choose the next one. For a stolen password, use reset-password.",
        example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
}

struct RespondResetPassword: RespondCommand {
    static let action = ResponseAction.resetPassword
    static let configuration = about(
        "Invalidate a user's password; the user sets a new one with a link.",
        """
        Okta mails the link to the user. With --no-send-email, the link is shown once, on a terminal, and stored nowhere.
        """, example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
    @OptionGroup var email: RespondEmail

    var details: ResponseOptions { email.details }
}

struct RespondResetFactors: RespondCommand {
    static let action = ResponseAction.resetFactors
    static let configuration = about(
        "Remove all factors of a user's multifactor sign-in.",
        "The user enrolls again at the next sign-in. Anybody who knows the password could do that first, so also reset the password or suspend the user.",
        example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
}

struct RespondUnlock: RespondCommand {
    static let action = ResponseAction.unlock
    static let configuration = about(
        "Unlock a user who is locked out after too many failed sign-ins.",
        "This does not work for users from a directory.",
        example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
}

struct RespondDeactivate: RespondCommand {
    static let action = ResponseAction.deactivate
    static let configuration = about(
        "Deactivate a user until somebody activates the user again.",
        """
        Okta removes the user from all applications, which may delete accounts and data there, and revokes the user's API tokens. Activating the \
        user later does not restore the applications, their data or the tokens.
        """, example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
    @Flag(inversion: .prefixedNo, help: "Let Okta inform the administrators by e-mail.") var sendEmail = false

    var details: ResponseOptions {
        var details = ResponseOptions()
        details.sendEmail = sendEmail
        return details
    }
}

struct RespondActivate: RespondCommand {
    static let action = ResponseAction.activate
    static let configuration = about(
        "Activate a user who is staged or deactivated.",
        "Okta mails a link to the user. With --no-send-email, the link is shown once, on a terminal, and stored nowhere.",
        example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
    @OptionGroup var email: RespondEmail

    var details: ResponseOptions { email.details }
}

struct RespondAddToGroup: RespondCommand {
    static let action = ResponseAction.addToGroup
    static let configuration = about(
        "Add a user to an Okta group, such as a quarantine group.",
        "This works only for Okta's own groups, not for groups that come from a directory or an application.",
        example: "mallory@acme.example --group Quarantine \\\n    --case INC-4711")
    @OptionGroup var target: RespondTarget
    @OptionGroup var group: RespondGroupOption

    var details: ResponseOptions { group.details }
}

struct RespondRemoveFromGroup: RespondCommand {
    static let action = ResponseAction.removeFromGroup
    static let configuration = about(
        "Remove a user from an Okta group.",
        "This works only for Okta's own groups, not for groups that come from a directory or an application.",
        example: "mallory@acme.example --group Quarantine \\\n    --case INC-4711")
    @OptionGroup var target: RespondTarget
    @OptionGroup var group: RespondGroupOption

    var details: ResponseOptions { group.details }
}

struct RespondSetRisk: RespondCommand {
    static let action = ResponseAction.setRisk
    static let configuration = about(
        "Tell Okta how risky a user is; the org's policies decide what Okta does then.",
        "This works only in orgs with Identity Threat Protection.",
        example: "mallory@acme.example --level HIGH --case INC-4711")
    @OptionGroup var target: RespondTarget
    @Option(help: "HIGH or LOW; Okta accepts no other level.") var level: RiskLevel

    var details: ResponseOptions {
        var details = ResponseOptions()
        details.riskLevel = level.rawValue
        return details
    }

    enum RiskLevel: String, ExpressibleByArgument, CaseIterable {
        case high = "HIGH"
        case low = "LOW"

        init?(argument: String) { self.init(rawValue: argument.uppercased()) }
    }
}

struct RespondUniversalLogout: RespondCommand {
    static let action = ResponseAction.universalLogout
    static let configuration = about(
        "End a user's sessions in Okta and in the applications that support Universal Logout.",
        "The user's tokens, including API tokens, are revoked, too. This works only in orgs that have Universal Logout.",
        example: "mallory@acme.example --case INC-4711")
    @OptionGroup var target: RespondTarget
}

/// The option `--send-email`, for actions whose answer contains a link if Okta sends no e-mail.
struct RespondEmail: ParsableArguments {
    @Flag(inversion: .prefixedNo, help: "Let Okta mail the link to the user.") var sendEmail = true

    var details: ResponseOptions {
        var details = ResponseOptions()
        details.sendEmail = sendEmail
        return details
    }
}

/// The option `--group`, for actions about a group.
struct RespondGroupOption: ParsableArguments {
    @Option(help: "The group's name, or its id (00g…).") var group: String

    var details: ResponseOptions {
        var details = ResponseOptions()
        // The ids of Okta's groups begin with `00g` and have 20 characters. Any other text is a group's name.
        if group.hasPrefix("00g"), group.utf8.count == 20 { details.groupID = group } else { details.groupName = group }
        return details
    }
}

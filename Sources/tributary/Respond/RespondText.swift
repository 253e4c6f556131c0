import Respond
import ResponseLog

/// Texts about users, about what an action would do, and about results. Control characters in names from Okta are shown as escapes.
struct RespondText {
    let terminal: Terminal

    /// The user's login, name and id, as messages show them: `mallory@acme.example (Mallory Mallone, 00u…)`.
    static func user(_ user: ResponseUser) -> String {
        let more = [user.name, user.id].compactMap(\.self)
        let name = user.login ?? user.asked
        return (more.isEmpty ? name : "\(name) (\(more.joined(separator: ", ")))").printable
    }

    /// Describes the user's present state, and what the action would do.
    func outlook(_ outlook: ResponseOutlook, integration: String) -> [String] {
        var lines: [String] = []
        if outlook.user.id != nil {
            lines.append(
                terminal.bold(Self.user(outlook.user)) + " in \(integration): "
                    + (outlook.status?.printable ?? "state not known"))
        }
        for step in outlook.steps {
            lines += terminal.wrapped(
                "  \(sign(step.result)) \(step.action.rawValue): \(words(step.result))", indent: 4)
        }
        return lines + candidates(outlook.candidates)
    }

    func candidates(_ users: [ResponseUser]) -> [String] {
        guard !users.isEmpty else { return [] }
        return ["  several users match; name one of them by id or login:"] + users.map { "    \(Self.user($0))" }
    }

    /// The lines about an action and its result. Without a terminal, the user's login follows the name of the action, so that a program finds it.
    func step(_ entry: ResponseEntry, isRepeat: Bool = false) -> [String] {
        guard let result = entry.result else { return [] }
        let earlier = isRepeat ? " (repeated request; nothing was done this time)" : ""
        let user = terminal.isTerminal ? "" : " " + (entry.user.login ?? entry.user.asked).printable
        return terminal.wrapped(
            "\(sign(result)) \(entry.action.rawValue)\(user)\(earlier): \(words(result))", indent: 2)
    }

    private func words(_ result: ResponseResult) -> String {
        var text = result.message.printable
        if let before = result.statusBefore, let after = result.statusAfter, before != after, !text.contains(after) {
            text += " (\(before) → \(after))".printable
        }
        return text
    }

    /// A mark on a terminal; for programs, the name of the outcome.
    private func sign(_ result: ResponseResult) -> String {
        guard terminal.isTerminal else { return result.outcome.rawValue }
        return switch result.outcome {
        case .done, .alreadyDone: terminal.mark(.well)
        case .wouldDo: terminal.mark(.waiting)
        case .refused, .refusedByOkta, .failed, .unknown: terminal.mark(.trouble)
        }
    }
}

extension ResponseAction {
    /// The beginning of a question, such as `Clear the sessions of mallory@acme.example`.
    ///
    /// - Parameters:
    ///   - whom: the user, or the number of users.
    ///   - detail: the group or the risk level, for actions that have one.
    func question(_ whom: String, _ detail: String) -> String {
        switch self {
        case .suspend: "Suspend \(whom)"
        case .unsuspend: "Unsuspend \(whom)"
        case .clearSessions: "Clear the sessions of \(whom)"
        case .expirePassword: "Expire the password of \(whom)"
        case .resetPassword: "Reset the password of \(whom)"
        case .resetFactors: "Reset the factors of \(whom)"
        case .unlock: "Unlock \(whom)"
        case .deactivate: "Deactivate \(whom)"
        case .activate: "Activate \(whom)"
        case .addToGroup: "Add \(whom) to the group \(detail)"
        case .removeFromGroup: "Remove \(whom) from the group \(detail)"
        case .setRisk: "Set the risk of \(whom) to \(detail)"
        case .universalLogout: "End all sessions of \(whom)"
        case .contain: "Contain \(whom)"
        case .release: "Release \(whom)"
        }
    }
}

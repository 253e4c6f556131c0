import ResponseLog

/// How to undo an action.
package enum ResponseUndo: Sendable, Equatable {
    case request(ResponseRequest)
    /// The action can't be undone, or there is nothing to undo. The reason is a text for a person.
    case none(reason: String)
    /// The log has no action with this id.
    case notFound(reason: String)

    /// Determines how to undo an action of the log. The new request is for the same case, and names the action that it undoes.
    init(_ entry: ResponseEntry) {
        let who = entry.user.login ?? entry.user.id ?? entry.user.asked
        guard let result = entry.result else {
            self = .none(reason: "The outcome of this action is unknown: check \(who) in the Admin Console.")
            return
        }
        guard result.outcome == .done else {
            self = .none(reason: Self.reason(result, who))
            return
        }
        guard let user = entry.user.id else {
            self = .none(reason: "The action can't be undone: its entry in the response log names no user of the org.")
            return
        }
        var request = ResponseRequest(
            integration: entry.integration, action: entry.action, user: user, caseID: entry.caseID)
        request.undoes = entry.id
        switch Self.opposite(entry) {
        case .success(let opposite):
            request.action = opposite.action
            request.options = opposite.options
            self = .request(request)
        case .failure(let words): self = .none(reason: words.text.replacing("WHO", with: who))
        }
    }

    private struct Words: Error { let text: String }

    private static func reason(_ result: ResponseResult, _ who: String) -> String {
        switch result.outcome {
        case .alreadyDone:
            "\(who) was already in the state that the action asked for, so the action changed nothing: there is nothing to undo."
        case .unknown: "It is not known whether this action was done: check \(who) in the Admin Console."
        case .done, .wouldDo, .refused, .refusedByOkta, .failed:
            "This action changed nothing: there is nothing to undo."
        }
    }

    private static func opposite(_ entry: ResponseEntry) -> Result<ResponseStep, Words> {
        var options = ResponseOptions()
        func none(_ words: String) -> Result<ResponseStep, Words> { .failure(Words(text: words)) }
        func step(_ action: ResponseAction) -> Result<ResponseStep, Words> {
            .success(ResponseStep(action: action, options: options))
        }
        switch entry.action {
        case .suspend, .contain: return step(entry.command == .contain ? .release : .unsuspend)
        case .unsuspend, .release: return step(.suspend)
        case .addToGroup, .removeFromGroup:
            if entry.result?.code == ResponseCode.membershipNotRead.rawValue {
                return none(
                    "It is not known whether WHO was in the group before: use add-to-group or remove-from-group.")
            }
            options.groupID = entry.options.groupID
            options.groupName = entry.options.groupName
            return step(entry.action == .addToGroup ? .removeFromGroup : .addToGroup)
        case .deactivate:
            guard ["ACTIVE", "PROVISIONED"].contains(entry.result?.statusBefore) else {
                return none(
                    "WHO was \(entry.result?.statusBefore ?? "in another status") before. The activate action does not restore this status."
                )
            }
            return step(.activate)
        case .activate:
            guard entry.result?.statusBefore == "DEPROVISIONED" else {
                return none("No action gives an account the status \(entry.result?.statusBefore ?? "new") again.")
            }
            return step(.deactivate)
        case .setRisk:
            guard let level = entry.result?.riskLevelBefore, ResponseStep.riskLevels.contains(level) else {
                return none(
                    "The risk was \(entry.result?.riskLevelBefore ?? "not known") before. Only HIGH and LOW can be restored: use set-risk LOW."
                )
            }
            options.riskLevel = level
            return step(.setRisk)
        case .clearSessions, .universalLogout:
            return none("Ended sessions and tokens can't be restored: WHO must sign in again.")
        case .expirePassword, .resetPassword:
            return none("A password can't be restored: WHO must choose a new one.")
        case .resetFactors: return none("Factors can't be restored: WHO must enroll again.")
        case .unlock: return none("No action locks a user out: use suspend to prevent WHO from signing in.")
        }
    }
}

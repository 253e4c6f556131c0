import OktaAPI
import ResponseLog

/// What a responder asks for: one action on one user.
package struct ResponseRequest: Codable, Equatable, Sendable {
    package var integration: String
    package var action: ResponseAction
    /// A login, an e-mail address or an id.
    package var user: String
    package var options: ResponseOptions
    package var caseID: String
    package var reason: String?
    /// Show what would happen, and record that it was asked.
    package var isDryRun: Bool
    /// Act on an administrator or the credential's owner, and beyond the number of users an hour. The protected users stay protected.
    package var isForced: Bool
    /// Asking again with the same key gives the earlier answer and does nothing.
    package var key: String?
    /// The ``ResponseEntry/id`` of the action to undo.
    package var undoes: String?

    package init(integration: String, action: ResponseAction, user: String, caseID: String) {
        self.integration = integration
        self.action = action
        self.user = user
        self.options = ResponseOptions()
        self.caseID = caseID
        self.isDryRun = false
        self.isForced = false
    }
}

/// The user's present state, and what would happen: shown before the responder confirms. Nothing is recorded.
package struct ResponseOutlook: Codable, Equatable, Sendable {
    package struct Step: Codable, Equatable, Sendable {
        package var action: ResponseAction
        /// ``ResponseResult/Outcome/wouldDo``, ``ResponseResult/Outcome/alreadyDone`` or ``ResponseResult/Outcome/refused``, with the reason.
        package var result: ResponseResult
    }

    package var user: ResponseUser
    /// Okta's name of the user's status, `ACTIVE`.
    package var status: String?
    package var steps: [Step]
    /// Users that match, when more than one does; at most 20.
    package var candidates: [ResponseUser]

    package init(user: ResponseUser, status: String?, steps: [Step], candidates: [ResponseUser] = []) {
        self.user = user
        self.status = status
        self.steps = steps
        self.candidates = candidates
    }
}

/// What came of a request: an entry for each step, and what is shown once and never stored.
package struct ResponseReport: Codable, Equatable, Sendable {
    package var entries: [ResponseEntry]
    /// A temporary password or a link out of Okta's answer, for the responder's terminal only.
    package var secret: OneTimeSecret?
    /// The same key was asked before: these are the entries of that time.
    package var isRepeat: Bool

    package init(entries: [ResponseEntry], secret: OneTimeSecret? = nil, isRepeat: Bool = false) {
        self.entries = entries
        self.secret = secret
        self.isRepeat = isRepeat
    }
}

/// Whether an integration's credential may perform an action.
package struct ResponseCapability: Codable, Equatable, Sendable {
    package var action: ResponseAction
    /// Nil when the credential may not find out.
    package var isPossible: Bool?
    /// Why not, or what it needs: the scope of a service app, the role of an administrator.
    package var explanation: String

    package init(action: ResponseAction, isPossible: Bool?, explanation: String) {
        self.action = action
        self.isPossible = isPossible
        self.explanation = explanation
    }
}

/// What the helper's socket asks of the part that acts.
package protocol Responding: Sendable {
    /// Finds the user and says what would happen.
    func outlook(_ request: ResponseRequest) async -> ResponseOutlook
    /// Does it, with an entry in the response log before and after each step. Reports each entry with a result as soon as it is durable.
    func act(
        _ request: ResponseRequest, for actor: ResponseActor, onStep: @escaping @Sendable (ResponseEntry) -> Void
    ) async -> ResponseReport
    /// For `respond list`: a row for each action.
    func capabilities(of integration: String) async -> [ResponseCapability]
    /// The request that undoes an action, by its id, for the same case; or why there is none.
    func undo(of id: String) async -> ResponseUndo
    /// Entries of the log, newest first.
    func history(_ filter: ResponseHistory.Filter) async throws -> [ResponseEntry]
}

import OktaAPI
import ResponseLog

/// A responder's request: one action on one user.
package struct ResponseRequest: Codable, Equatable, Sendable {
    package var integration: String
    package var action: ResponseAction
    /// The user to act on, by login, e-mail address or id.
    package var user: String
    package var options: ResponseOptions
    package var caseID: String
    package var reason: String?
    /// Whether to only show what would happen. The request is recorded, but nothing is done.
    package var isDryRun: Bool
    /// Whether to act even on an administrator or the credential's owner, and beyond the hourly limit of users. Protected users stay protected.
    package var isForced: Bool
    /// A later request with the same key does not repeat the steps that are done, and returns their earlier entries.
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

/// The user's present state and what would happen, shown before the responder confirms. Nothing is recorded.
package struct ResponseOutlook: Codable, Equatable, Sendable {
    package struct Step: Codable, Equatable, Sendable {
        package var action: ResponseAction
        /// The expected result. Its outcome is ``ResponseResult/Outcome/wouldDo`` or ``ResponseResult/Outcome/alreadyDone``. If the step is not
        /// allowed or not possible, or if a query to Okta has failed, the outcome is ``ResponseResult/Outcome/refused`` or
        /// ``ResponseResult/Outcome/failed``, and the result contains the reason.
        package var result: ResponseResult
    }

    package var user: ResponseUser
    /// The user's status by Okta's name, such as `ACTIVE`.
    package var status: String?
    package var steps: [Step]
    /// The matching users if there are several; at most 20.
    package var candidates: [ResponseUser]

    package init(user: ResponseUser, status: String?, steps: [Step], candidates: [ResponseUser] = []) {
        self.user = user
        self.status = status
        self.steps = steps
        self.candidates = candidates
    }
}

/// The outcome of a request: an entry for each step, and a secret that is shown once and never stored.
package struct ResponseReport: Codable, Equatable, Sendable {
    package var entries: [ResponseEntry]
    /// A temporary password or a link from Okta's answer, only for the responder's terminal.
    package var secret: OneTimeSecret?
    /// True if an earlier request with the same key left no step for this request to do. The entries are then those of the earlier request. A step
    /// that has been undone since, or can't be checked, gets a new entry that says so.
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
    /// Nil if this is unknown, because the credential is not allowed to read the roles that would show it. True is no guarantee: Tributary checks
    /// neither the roles of a service app nor the permissions of a custom role.
    package var isPossible: Bool?
    /// Why the action is possible, not possible or unknown. May name what the action needs, such as a scope or a role.
    package var explanation: String

    package init(action: ResponseAction, isPossible: Bool?, explanation: String) {
        self.action = action
        self.isPossible = isPossible
        self.explanation = explanation
    }
}

/// Carries out the requests that arrive on the helper's socket.
package protocol Responding: Sendable {
    /// Finds the user and determines what would happen.
    func outlook(_ request: ResponseRequest) async -> ResponseOutlook
    /// Carries out a request. If a step is sent to Okta, the response log has an entry before the call, and an entry with the result after it. Calls
    /// `onStep` with each entry that has a result, as soon as the entry is durable.
    func act(
        _ request: ResponseRequest, for actor: ResponseActor, onStep: @escaping @Sendable (ResponseEntry) -> Void
    ) async -> ResponseReport
    /// For each action, whether the integration's credential may perform it.
    func capabilities(of integration: String) async -> [ResponseCapability]
    /// The request that undoes the action with this id, for the same case; or the reason why there is none.
    func undo(of id: String) async -> ResponseUndo
    /// Entries of the log, newest first.
    func history(_ filter: ResponseHistory.Filter) async throws -> [ResponseEntry]
}

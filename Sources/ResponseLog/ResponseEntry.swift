/// An entry of the response log: an action that is about to be tried, or what came of it.
///
/// Each action has two entries with the same ``id``: one before the call to Okta, durable before that call is sent, and one after it. The second
/// one has all of the first one's fields, and ``result`` besides.
package struct ResponseEntry: Codable, Equatable, Sendable {
    /// Of the action: a UUID in lower case. It is the record's `metadata.uid`.
    package var id: String
    /// A UUID that the steps of one request share.
    package var request: String
    /// What the caller named the request, so that asking again does not do it again; at most 128 bytes.
    package var key: String?
    /// Milliseconds since 1970. In an entry with a result: when the result was known.
    package var time: Int64
    package var integration: String
    /// The org's host name, `acme.okta.com`.
    package var org: String
    /// The step, never ``ResponseAction/contain`` or ``ResponseAction/release``.
    package var action: ResponseAction
    /// What was asked for, of which ``action`` is a step or the whole.
    package var command: ResponseAction
    /// The ``id`` of the action that this one undoes.
    package var undoes: String?
    package var user: ResponseUser
    package var options: ResponseOptions
    package var caseID: String
    package var reason: String?
    package var actor: ResponseActor
    package var isDryRun: Bool
    package var isForced: Bool
    /// The name of the credential that acts; never its secret.
    package var credential: String?
    package var result: ResponseResult?

    package init(
        id: String, request: String, key: String? = nil, time: Int64, integration: String, org: String,
        action: ResponseAction, command: ResponseAction, undoes: String? = nil, user: ResponseUser,
        options: ResponseOptions, caseID: String, reason: String? = nil, actor: ResponseActor, isDryRun: Bool,
        isForced: Bool, credential: String? = nil, result: ResponseResult? = nil
    ) {
        self.id = id
        self.request = request
        self.key = key
        self.time = time
        self.integration = integration
        self.org = org
        self.action = action
        self.command = command
        self.undoes = undoes
        self.user = user
        self.options = options
        self.caseID = caseID
        self.reason = reason
        self.actor = actor
        self.isDryRun = isDryRun
        self.isForced = isForced
        self.credential = credential
        self.result = result
    }
}

/// The user who is acted on.
package struct ResponseUser: Codable, Equatable, Sendable {
    /// As the responder wrote it: a login, an e-mail address or an id.
    package var asked: String
    /// Okta's id, `00u…`; nil when no user, or more than one, was found.
    package var id: String?
    package var login: String?
    package var email: String?
    package var name: String?

    package init(
        asked: String, id: String? = nil, login: String? = nil, email: String? = nil, name: String? = nil
    ) {
        self.asked = asked
        self.id = id
        self.login = login
        self.email = email
        self.name = name
    }
}

/// What an action needs to know besides the user.
package struct ResponseOptions: Codable, Equatable, Sendable {
    /// `clear-sessions`: OAuth tokens too.
    package var oauthTokens: Bool?
    /// `clear-sessions`: remembered devices too.
    package var forgetDevices: Bool?
    /// `add-to-group` and `remove-from-group`: its id, `00g…`, and its name.
    package var groupID: String?
    package var groupName: String?
    /// The group as it was asked for, by name or id.
    package var groupAsked: String?
    /// `set-risk`: `HIGH` or `LOW`.
    package var riskLevel: String?
    /// `activate`, `deactivate`, `reset-password`: Okta sends an e-mail.
    package var sendEmail: Bool?

    package init() {}
}

/// Who asked for the action.
package struct ResponseActor: Codable, Equatable, Sendable {
    /// Of the process at the other end of the socket (`SO_PEERCRED`).
    package var uid: UInt32
    package var user: String
    /// Of the login that the process descends from (`/proc/PID/loginuid`): it outlives sudo and su. Nil when there was no login.
    package var loginUID: UInt32?
    package var loginUser: String?
    /// As sudo told the command (`SUDO_USER`); believed of root only.
    package var sudoUser: String?

    /// The person at the keyboard: the login, which the kernel tells; else what sudo said; else the account of the process.
    package var person: String { loginUser ?? sudoUser ?? user }

    package init(uid: UInt32, user: String, loginUID: UInt32? = nil, loginUser: String? = nil, sudoUser: String? = nil)
    {
        self.uid = uid
        self.user = user
        self.loginUID = loginUID
        self.loginUser = loginUser
        self.sudoUser = sudoUser
    }
}

/// What came of an action.
package struct ResponseResult: Codable, Equatable, Sendable {
    package enum Outcome: String, Codable, CaseIterable, Sendable {
        /// Okta has done it, and the user's state agrees where it can show that.
        case done
        /// The user was in that state already; Okta was not asked to do anything.
        case alreadyDone = "already-done"
        /// A dry run: it would have been tried.
        case wouldDo = "would-do"
        /// Tributary did not ask Okta: see ``code``.
        case refused
        /// Okta refused.
        case refusedByOkta = "refused-by-okta"
        /// Okta was asked and has not done it.
        case failed
        /// Okta may have done it: the answer was lost, and the user's state doesn't tell.
        case unknown
    }

    package var outcome: Outcome
    /// Stable, for programs: `protected-user`, `administrator`, `wrong-state`, `hourly-limit`, `not-found`, `ambiguous`, `unavailable`, …; nil when there is nothing to add.
    package var code: String?
    /// For a person: what happened and what to do. No secret.
    package var message: String
    /// Okta's names, such as `ACTIVE`; nil where not asked.
    package var statusBefore: String?
    package var statusAfter: String?
    /// `set-risk`: the user's level before, such as `NONE`; nil where it was not read.
    package var riskLevelBefore: String?
    /// `X-Okta-Request-Id` of the answer to the call; the `transaction.id` of Okta's own event of it.
    package var oktaRequestID: String?
    package var httpStatus: Int?
    /// `E0000001`, …
    package var oktaErrorCode: String?

    package init(
        outcome: Outcome, code: String? = nil, message: String, statusBefore: String? = nil, statusAfter: String? = nil,
        oktaRequestID: String? = nil, httpStatus: Int? = nil, oktaErrorCode: String? = nil
    ) {
        self.outcome = outcome
        self.code = code
        self.message = message
        self.statusBefore = statusBefore
        self.statusAfter = statusAfter
        self.oktaRequestID = oktaRequestID
        self.httpStatus = httpStatus
        self.oktaErrorCode = oktaErrorCode
    }
}

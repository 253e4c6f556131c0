/// An entry of the response log: an action that is about to be tried, or its result.
///
/// An action that is sent to Okta has two entries with the same ``id``. The first is durable before the call to Okta is sent. The second is written
/// after the call: it repeats the fields of the first, except for ``time``, and adds ``result``. An action that is not sent has one entry, with its
/// result.
package struct ResponseEntry: Codable, Equatable, Sendable {
    /// The id of the action, a UUID in lower case. It becomes `metadata.uid` of the action's record in the spool.
    package var id: String
    /// A UUID that the steps of one request share.
    package var request: String
    /// The caller's own id of the request, at most 128 bytes. A later request with the same id does not repeat the steps that are done.
    package var key: String?
    /// The time of the entry, in milliseconds since 1970. For an entry with a result, this is the time at which the result was known.
    package var time: Int64
    package var integration: String
    /// The org's host name, `acme.okta.com`.
    package var org: String
    /// The action of this step; never ``ResponseAction/contain`` or ``ResponseAction/release``.
    package var action: ResponseAction
    /// The command that was requested. ``action`` is that command, or one step of it.
    package var command: ResponseAction
    /// The ``id`` of the earlier action that this action undoes; nil if this action undoes none.
    package var undoes: String?
    package var user: ResponseUser
    package var options: ResponseOptions
    package var caseID: String
    package var reason: String?
    package var actor: ResponseActor
    package var isDryRun: Bool
    package var isForced: Bool
    /// The name of the credential in the integration's `response_action`, never its secret.
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

/// The user on whom the action is performed.
package struct ResponseUser: Codable, Equatable, Sendable {
    /// The text with which the responder named the user: a login, an e-mail address or an id.
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

/// The parameters of an action in addition to the user.
package struct ResponseOptions: Codable, Equatable, Sendable {
    /// `clear-sessions`: whether OAuth tokens are revoked, too.
    package var oauthTokens: Bool?
    /// `clear-sessions`: whether remembered devices are forgotten, too.
    package var forgetDevices: Bool?
    /// `add-to-group` and `remove-from-group`: the group's id, `00g…`.
    package var groupID: String?
    /// `add-to-group` and `remove-from-group`: the group's name.
    package var groupName: String?
    /// The text with which the responder named the group: a name or an id.
    package var groupAsked: String?
    /// `set-risk`: the user's new risk level, `HIGH` or `LOW`.
    package var riskLevel: String?
    /// `activate`, `deactivate`, `reset-password`: whether Okta sends an e-mail.
    package var sendEmail: Bool?

    package init() {}
}

/// The person who requested the action.
package struct ResponseActor: Codable, Equatable, Sendable {
    /// The user id of the process at the other end of the socket (`SO_PEERCRED`).
    package var uid: UInt32
    package var user: String
    /// The user id of the process's login session (`/proc/PID/loginuid`), which sudo and su do not change. Nil if there was no login.
    package var loginUID: UInt32?
    package var loginUser: String?
    /// `SUDO_USER` of the command. It is trusted only if root sends it.
    package var sudoUser: String?

    /// The most likely person: the user of the login session, otherwise sudo's user, otherwise the account of the process.
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

/// The result of an action.
package struct ResponseResult: Codable, Equatable, Sendable {
    package enum Outcome: String, Codable, CaseIterable, Sendable {
        /// Okta has carried out the action. If the user's state can show this, Tributary has checked it.
        case done
        /// The user was already in the state that the action would cause.
        case alreadyDone = "already-done"
        /// A dry run: the action would have been tried.
        case wouldDo = "would-do"
        /// Tributary has refused the action and has not sent it to Okta. ``code`` says why.
        case refused
        /// Okta has refused the action.
        case refusedByOkta = "refused-by-okta"
        /// The action failed: Okta has not carried it out.
        case failed
        /// It is not known whether Okta has carried out the action. ``code`` says why.
        case unknown
    }

    package var outcome: Outcome
    /// A stable code for programs: `protected-user`, `administrator`, `wrong-state`, `hourly-limit`, `not-found`, `ambiguous`, `unavailable`, …; nil
    /// if the action succeeded and has no limitation such as `membership-not-read`.
    package var code: String?
    /// A message for a person: what happened and what to do. It contains no secret.
    package var message: String
    /// The user's status before the action, by Okta's name, such as `ACTIVE`; nil if it was not read.
    package var statusBefore: String?
    /// The user's status after the action, by Okta's name; nil if it was not read.
    package var statusAfter: String?
    /// `set-risk`: the user's previous level, such as `NONE`; nil if it was not read.
    package var riskLevelBefore: String?
    /// `X-Okta-Request-Id` of the answer, which is also the `transaction.id` of the event that Okta logs for the call.
    package var oktaRequestID: String?
    package var httpStatus: Int?
    /// Okta's code for the error, such as `E0000001`.
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

/// `actor`, and users in all parts of a record.
extension RecordMapping {
    /// Where the attributes of a user that are also observables are in the record.
    struct UserPaths {
        let uid: StaticString
        let name: StaticString
        let email: StaticString

        static let actor = UserPaths(uid: "actor.user.uid", name: "actor.user.name", email: "actor.user.email_addr")
        static let user = UserPaths(uid: "user.uid", name: "user.name", email: "user.email_addr")
        static let userResult = UserPaths(
            uid: "user_result.uid", name: "user_result.name", email: "user_result.email_addr")
        static let evidence = UserPaths(
            uid: "evidences[0].user.uid", name: "evidences[0].user.name", email: "evidences[0].user.email_addr")
        static let entity = UserPaths(
            uid: "entity.user.uid", name: "entity.user.name", email: "entity.user.email_addr")
    }

    /// True if `actor` can be written. OCSF requires a user, a session or an application in it. An address or a device is none of these.
    func hasActor(_ actor: Identity?) -> Bool {
        if actor != nil, principal.canSignIn { return true }
        return event.known(event.child(event[.client], .id)) != nil || hasSession
    }

    private var hasSession: Bool {
        let context = event[.authenticationContext]
        return event.known(event.child(context, .externalSessionId)) != nil
            || event.known(event.child(context, .rootSessionId)) != nil
            || event.known(event.child(event.child(context, .issuer), .id)) != nil
    }

    mutating func actorField(_ actor: Identity?, _ targets: Targets) {
        if isExplaining { explainActor(actor) }
        guard hasActor(actor) else { return }
        if !kind.hasActor { usesHost = true }
        writer.put("\"actor\":{")
        if let actor, principal == .user || principal == .system {
            user("\"user\":{", actor, .actor, consumes: true)
        }
        actorSession()
        let client = event.child(event[.client], .id)
        if let actor, principal == .application {
            application(actor)
        } else if let id = event.known(client) {
            writer.string("\"app_uid\":\"", id)
            event.consume(client)
        }
        identityProvider(targets)
        writer.endObject()
    }

    private mutating func explainActor(_ actor: Identity?) {
        guard actor != nil else { return explain("actor.user", "left out: the event names no actor") }
        switch principal {
        case .user: explain("actor.user", "the actor")
        case .system: explain("actor.user", "the actor, which is Okta itself")
        case .application: explain("actor.user", "left out: the actor is a program")
        case .device: explain("actor.user", "left out: the actor is a device")
        case .address: explain("actor.user", "left out: the actor is an address")
        }
    }

    /// Writes an actor that is a program. `actor.app_uid` is the actor's id, or `client.id` if the actor has no id. A `client.id` that equals the
    /// actor's id is left out of `unmapped`, too.
    private mutating func application(_ actor: Identity) {
        explain("actor.app_uid", "the actor, which is a program: its id, or client.id if it has no id")
        let client = event.child(event[.client], .id)
        let name = event.known(actor.displayName) ?? event.known(actor.alternateId)
        if let id = event.known(actor.id) {
            writer.string("\"app_uid\":\"", id)
            event.consume(actor.id)
            if let other = event.known(client), other.count == id.count, equalBytes(other.start, id.start, id.count) {
                event.consume(client)
            }
        } else if let id = event.known(client) {
            writer.string("\"app_uid\":\"", id)
            event.consume(client)
        }
        if let name {
            writer.string("\"app_name\":\"", name)
            event.consume(event.known(actor.displayName) != nil ? actor.displayName : actor.alternateId)
        }
    }

    private mutating func actorSession() {
        let mark = writer.count
        writer.put("\"session\":{")
        contextSession(consumes: true)
        let token = event.child(event.child(event[.transaction], .detail), .requestApiTokenId)
        if let uid = event.known(token) {
            writer.string("\"credential_uid\":\"", uid)
            event.consume(token)
        }
        if isThroughVPN { writer.put("\"is_vpn\":true,") }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endObject() }
    }

    /// Writes the ids and the issuer of the actor's session, in which the request was made.
    mutating func contextSession(consumes: Bool) {
        let context = event[.authenticationContext]
        let external = event.child(context, .externalSessionId)
        if let uid = event.known(external) {
            writer.string("\"uid\":\"", uid)
            if consumes { event.consume(external) }
        }
        let root = event.child(context, .rootSessionId)
        if let uid = event.known(root) {
            writer.string("\"uid_alt\":\"", uid)
            if consumes { event.consume(root) }
        }
        let issuer = event.child(event.child(context, .issuer), .id)
        if let uid = event.known(issuer) {
            writer.string("\"issuer\":\"", uid)
            if consumes { event.consume(issuer) }
        }
    }

    /// Writes a user. The caller must check `identity.isNamed` first. The user's name is the login (`alternateId`), or the display name if there is
    /// no login. A login in the form of an email address is also the user's email address.
    mutating func user(_ opening: StaticString, _ identity: Identity, _ paths: UserPaths?, consumes: Bool) {
        writer.put(opening)
        if let uid = event.known(identity.id) {
            observed("\"uid\":\"", uid, paths?.uid, .userUID)
            if consumes { event.consume(identity.id) }
        }
        let login = event.known(identity.alternateId)
        let fullName = event.known(identity.displayName)
        if let name = login ?? fullName {
            observed("\"name\":\"", name, paths?.name, .userName)
        }
        if let fullName { writer.string("\"full_name\":\"", fullName) }
        // `identity.email` is set only for a user's profile before or after a change (`changeDetails`). For any other user, the login is used if it
        // has the form of an email address.
        if let address = event.known(identity.email) ?? login, let domain = emailDomainStart(address) {
            observed("\"email_addr\":\"", address, paths?.email, .email)
            writer.string("\"domain\":\"", address.slice(domain..<address.count))
            if let paths { scopeOfLogin(paths.email, address, domain: domain) }
        }
        if consumes {
            if login != nil { event.consume(identity.alternateId) }
            if fullName != nil { event.consume(identity.displayName) }
        }
        if let type = event.known(identity.type) {
            var id = 99
            if type.equals("User") {
                id = 1
            } else if type.equals("SystemPrincipal") {
                id = 3
            } else if type.hasPrefix("PublicClientApp") || type.equalsIgnoringCase("appinstance") {
                id = 4
            }
            let stands = writer.enumerated("\"type_id\":", "\"type\":\"", id, type, .userType)
            if stands, consumes { event.consume(identity.type) }
        }
        writer.endObject()
    }
}

/// `session` of Authentication (3002): the session of the record's `user`, even if somebody else made the request.
extension RecordMapping {
    mutating func session(of subject: Identity?, _ actor: Identity?, _ targets: Targets) {
        let mark = writer.count
        writer.put("\"session\":{")
        let isOwn = isSame(subject, actor)
        let named = event.known(targets.session?.id)
        let noted = event.known(event.debug(.externalSessionId)) ?? event.known(event.debug(.sessionId))
        if let uid = named ?? noted {
            writer.string("\"uid\":\"", uid)
            explain("session.uid", named != nil ? "the target that is a session" : "debugData, which names the session")
        } else if isOwn {
            contextSession(consumes: false)
            explain("session.uid", "the actor is the user, so the request's session is the user's")
        } else {
            explain(
                "session.uid",
                "left out: the request's session is the actor's, not the user's, and the event names no other session")
        }
        if isOwn, isThroughVPN { writer.put("\"is_vpn\":true,") }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endObject() }
    }

    /// Whether the subject and the actor are the same: their ids are equal, or their logins if an id is missing. Without an actor, true; with an
    /// actor but no subject, false.
    func isSame(_ subject: Identity?, _ actor: Identity?) -> Bool {
        guard let subject, let actor else { return actor == nil }
        if subject.id != nil, subject.id == actor.id { return true }
        if let left = event.known(subject.id), let right = event.known(actor.id) {
            return left.count == right.count && equalBytes(left.start, right.start, left.count)
        }
        guard let left = event.known(subject.alternateId), let right = event.known(actor.alternateId) else {
            return false
        }
        return left.count == right.count && equalBytes(left.start, right.start, left.count)
    }

    var hasVPN: Bool {
        guard event.debug(.tunnels) != nil || security.ipDetails != nil else { return false }
        var found = false
        let event = event
        if let tunnels = event.loose(event.debug(.tunnels)) {
            event.forEachElement(of: tunnels) { tunnel in
                guard let type = event.member(of: tunnel, "type").flatMap({ event.scalar($0) }) else { return }
                if type.containsIgnoringCase("vpn") { found = true }
            }
        }
        event.forEach(event.child(security.ipDetails, .ipServiceCategories)) { category in
            if event.text(event.child(category, .type))?.containsIgnoringCase("vpn") ?? false { found = true }
        }
        return found
    }
}

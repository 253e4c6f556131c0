/// Entity Management (3004), Web Resources Activity (6001), API Activity (6003) and Email Activity (4009).
extension RecordMapping {
    /// Writes the entity. It is the first of these that exists: the target that changed; in an event about a rule, the target that is a rule; the
    /// first target; the area of the org that the event is about.
    ///
    /// One exception: if the actor is a device, and the event has no targets or only a user, the entity is the device.
    mutating func entity(_ targets: Targets, _ actor: Identity?) {
        if let actor, principal == .device, targets.count == 0 || (targets.count == 1 && targets.user != nil) {
            explain("entity", "the actor is a device, and there is no target except a user")
            return deviceEntity(actor, targets)
        }
        let rule = eventType?.contains(".rule.") ?? false ? targets.rule : nil
        let target = targets.changed ?? rule ?? targets.first
        explain(
            "entity",
            targets.changed != nil
                ? "the target that has changeDetails"
                : rule != nil ? "the target that is a rule" : targets.first != nil ? "the first target" : "no target")
        // In an event about a rule, Okta also lists the rule's policy as a target, before the rule.
        let policy = rule != nil && target?.id == rule?.id ? targets.policy : nil
        let from = event.child(target?.changeDetails, .from)
        let to = event.child(target?.changeDetails, .to)
        managedEntity("\"entity\":{", target, of: policy, isObserved: true)
        changed(from)
        writer.endObject()
        guard to != nil else { return }
        managedEntity("\"entity_result\":{", target, of: policy, isObserved: false)
        changed(to)
        writer.endObject()
    }

    private mutating func deviceEntity(_ device: Identity, _ targets: Targets) {
        writer.put("\"entity\":{")
        if let id = event.known(device.id) { writer.string("\"uid\":\"", id) }
        if let name = event.known(device.displayName) ?? event.known(device.alternateId) {
            writer.string("\"name\":\"", name)
        }
        writer.put("\"type_id\":1,\"type\":\"Device\",")
        if let user = targets.user { self.user("\"user\":{", user, .entity, consumes: false) }
        writer.endObject()
    }

    /// Writes the entity's object without its closing brace, so that `data` can follow. If the entity is a rule, `policy` is the rule's policy.
    private mutating func managedEntity(
        _ opening: StaticString, _ target: Identity?, of policy: Identity?, isObserved: Bool
    ) {
        writer.put(opening)
        guard let target else { return area("\"type_id\":99,\"type\":\"Okta\",") }
        let type = event.known(target.type)
        let id = type.map { Self.entityID($0) }
        if let id = event.known(target.id) { writer.string("\"uid\":\"", id) }
        if let name = entityName(target) { writer.string("\"name\":\"", name) }
        guard let type, let id else { return writer.put("\"type_id\":0,\"type\":\"Unknown\",") }
        writer.enumerated("\"type_id\":", "\"type\":\"", id, type, .entityType)
        switch id {
        case 2: user("\"user\":{", target, isObserved ? .entity : nil, consumes: false)
        case 3: groupObject("\"group\":{", target, isObserved: false)
        case 5: policyObject("\"policy\":{", target, isApplied: false)
        default: if let policy { policyObject("\"policy\":{", policy, isApplied: false) }
        }
    }

    /// The entity's name. If the record also describes the entity as a user, a group or a policy, the schema requires the same name there. The name
    /// of a user is the login.
    func entityName(_ target: Identity) -> JSONText? {
        let isUser = event.known(target.type).map { Self.entityID($0) == 2 } ?? false
        let first = event.known(isUser ? target.alternateId : target.displayName)
        return first ?? event.known(isUser ? target.displayName : target.alternateId)
    }

    private static func entityID(_ type: JSONText) -> Int {
        switch type.count {
        case 3 where type.equals("Org"): 4
        case 4 where type.equalsIgnoringCase("user"): 2
        case 5 where type.equalsIgnoringCase("email"): 6
        case 5 where type.equalsIgnoringCase("group"): 3
        case 6 where type.equalsIgnoringCase("device"): 1
        case 6 where type.equalsIgnoringCase("policy"): 5
        case 7 where type.equals("AppUser") || type.equals("NewUser"): 2
        case 8 where type.equals("UDDevice"): 1
        case 9 where type.equals("UserGroup"): 3
        case 11 where type.equals("NetworkZone"): 7
        case 12 where type.equals("PolicyEntity"): 5
        case 12 where type.equalsIgnoringCase("organization"): 4
        case 17 where type.equals("NetworkZoneEntity"): 7
        default: 99
        }
    }

    /// Writes the state before or after a change as a text that contains JSON, and not as an object. Okta's states can have any structure, but a
    /// column of a data lake has only one type.
    private mutating func changed(_ state: JSONNode?) {
        guard let state else { return }
        writer.put("\"data\":")
        let mark = writer.count
        value(state)
        if writer.count == mark { writer.goBack(to: mark - 7) } else { writer.requote(from: mark) }
    }

    /// Writes the name of an area of the org, which represents the changed object in an event without targets. The name consists of the first two
    /// words of the event type, such as `system.agent`. Writes `type`, a piece of JSON, after the name.
    private mutating func area(_ type: StaticString) {
        writer.put("\"name\":\"")
        if let eventType, !eventType.isEscaped {
            var dots = 0
            var end = 0
            while end < eventType.count {
                if eventType.start[end] == UInt8(ascii: ".") { dots += 1 }
                if dots == 2 { break }
                end += 1
            }
            writer.copy(eventType.slice(0..<end))
        } else {
            writer.put("okta")
        }
        writer.put("\",")
        writer.put(type)
    }

    mutating func webResources(_ targets: Targets) {
        writer.put("\"web_resources\":[")
        if let target = targets.app ?? targets.first {
            resource("{", target)
        } else {
            writer.put("{")
            area("")
            writer.endObject()
        }
        writer.endArray()
    }

    mutating func apiCall() {
        writer.put("\"api\":{")
        if let eventType { writer.string("\"operation\":\"", eventType) }
        writer.endObject()
    }

    /// The first email address among the logins, names and ids of the targets; nil if there is none.
    func recipient(actor: Identity?) -> JSONText? {
        var found: JSONText?
        event.forEach(event[.target]) { element in
            guard found == nil else { return }
            for key in [OktaKey.alternateId, .displayName, .id] {
                if let text = event.known(event.child(element, key)), emailDomainStart(text) != nil {
                    found = text
                    return
                }
            }
        }
        return found
    }

    mutating func email(_ recipient: JSONText?) {
        guard let recipient else { return }
        writer.put("\"direction_id\":2,\"direction\":\"Outbound\",\"email\":{")
        writer.string("\"to\":[\"", recipient)
        writer.endArray()
        writer.endObject()
        writer.string("\"to\":[\"", recipient)
        writer.endArray()
        observables.add("email.to[0]", .email, recipient)
        if let domain = emailDomainStart(recipient) { scopeOfLogin("email.to[0]", recipient, domain: domain) }
    }
}

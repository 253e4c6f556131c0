import CSimdjson

/// Account Change (3001), User Access Management (3005) and Group Management (3006).
extension RecordMapping {
    mutating func account(_ subject: Identity?, _ targets: Targets) {
        if let subject {
            explain("user", targets.user != nil ? "the target that is a user" : "the target that is an account")
            let from = event.child(subject.changeDetails, .from)
            // If the subject has no `changeDetails`, `user_result` describes the account in an application, if the event names one.
            let changed = subject.changeDetails != nil ? subject : targets.appUser ?? subject
            let to = event.child(changed.changeDetails, .to)
            user("\"user\":{", subject.described(by: from, in: event), .user, consumes: false)
            if Identity.describes(to, in: event) {
                user("\"user_result\":{", changed.described(by: to, in: event), .userResult, consumes: false)
            }
        }
        if activity == 10 || activity == 11 { authFactors(targets) }
    }

    mutating func access(_ subject: Identity?, _ targets: Targets) {
        explain("user", targets.user != nil ? "the target that is a user" : "the target that is an account")
        if let subject { user("\"user\":{", subject, .user, consumes: false) }
        privileges(targets)
        if let resource = targets.app ?? (rule == .roleBinding ? targets.resourceSet : nil) {
            writer.put("\"resources\":[")
            self.resource("{", resource)
            writer.endArray()
        }
    }

    mutating func group(_ targets: Targets) {
        explain("group", "the target that is a group")
        if let group = targets.group { groupObject("\"group\":{", group, isObserved: true) }
        if let account = targets.account { user("\"user\":{", account, .user, consumes: false) }
        if let resource = targets.app ?? (rule == .roleBinding ? targets.resourceSet : nil) {
            self.resource("\"resource\":{", resource)
        }
        if activity == 1 || activity == 2 { privileges(targets) }
    }

    mutating func groupObject(_ opening: StaticString, _ group: Identity, isObserved: Bool) {
        writer.put(opening)
        if let id = event.known(group.id) { observed("\"uid\":\"", id, isObserved ? "group.uid" : nil, .groupUID) }
        if let name = event.known(group.displayName) ?? event.known(group.alternateId) {
            observed("\"name\":\"", name, isObserved ? "group.name" : nil, .groupName)
        }
        if let type = event.known(group.type) { writer.string("\"type\":\"", type) }
        writer.endObject()
    }

    mutating func resource(_ opening: StaticString, _ target: Identity) {
        writer.put(opening)
        if let id = event.known(target.id) { writer.string("\"uid\":\"", id) }
        if let name = event.known(target.displayName) ?? event.known(target.alternateId) {
            writer.string("\"name\":\"", name)
        }
        if let type = event.known(target.type) { writer.string("\"type\":\"", type) }
        writer.endObject()
    }

    /// Writes `privileges`, which User Access Management (3005) requires: the roles and scopes that Okta names. If Okta names none, writes the kind
    /// of privilege that the event type is about.
    mutating func privileges(_ targets: Targets) {
        writer.put("\"privileges\":[")
        if let names = event.loose(event.debug(.privilegeGranted)) ?? event.loose(event.debug(.privilegeRevoked)) {
            list(names, splitsAtBlanks: false)
        } else if isConsent,
            let scopes = event.loose(event.debug(.grantedScopes)) ?? event.loose(event.debug(.requestedScopes))
        {
            list(scopes, splitsAtBlanks: true)
        } else if targets.hasConsents {
            names(ofType: "ConsentGrant")
        } else if targets.role != nil {
            names(ofType: "role")
        }
        if writer.isAtOpening {
            writer.put(kindOfPrivilege)
            explain(
                "privileges", "Okta names no privilege, so this is the kind of privilege that the event type is about")
        } else {
            explain("privileges", "the names in debugData, or the names of the targets that are roles or consents")
        }
        writer.endArray()
    }

    private var isConsent: Bool { eventType?.contains(".consent.") ?? false }

    private var kindOfPrivilege: StaticString {
        guard let eventType else { return "\"application_access\"," }
        if isConsent { return "\"consent\"," }
        if eventType.contains("impersonation") { return "\"impersonation\"," }
        if eventType.contains(".privilege.") { return "\"admin_role\"," }
        if eventType.contains(".role.") { return "\"workflows_role\"," }
        if rule == .roleBinding { return "\"admin_role\"," }
        if eventType.contains("entitlements") { return "\"entitlements\"," }
        return "\"application_access\","
    }

    /// Writes the items of a list. In a text, the items are separated by commas and, with `splitsAtBlanks`, also by blanks. In an array, each text is
    /// an item.
    mutating func list(_ names: LooseValue, splitsAtBlanks: Bool) {
        switch names {
        case .text(let text): list(text, splitsAtBlanks: splitsAtBlanks)
        case .node(let node):
            guard Int(node.pointee.kind) == TRIBUTARY_JSON_ARRAY else { return }
            let end = event.nodes + Int(node.pointee.next)
            var element = node + 1
            while element < end {
                if let name = event.known(element) { writer.string("\"", name) }
                element = event.nodes + Int(element.pointee.next)
            }
        }
    }

    /// Writes the items of a text. A separator inside parentheses is part of its item: `Read-only admin (all, of it), Help desk admin` has two items.
    private mutating func list(_ text: JSONText, splitsAtBlanks: Bool) {
        var depth = 0
        var first = 0
        for index in 0...text.count {
            let byte = index < text.count ? text.start[index] : UInt8(ascii: ",")
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")"), depth > 0 { depth -= 1 }
            let separates =
                index == text.count
                || (depth == 0 && (byte == UInt8(ascii: ",") || (splitsAtBlanks && byte == UInt8(ascii: " "))))
            guard separates else { continue }
            var last = index
            while first < last, text.start[first] == UInt8(ascii: " ") { first += 1 }
            while last > first, text.start[last - 1] == UInt8(ascii: " ") { last -= 1 }
            if last > first { writer.string("\"", text.slice(first..<last)) }
            first = index + 1
        }
    }

    /// Writes the names of all targets of a type. A `type` in lower case matches in any letter case; `ConsentGrant` matches only as it is written.
    private mutating func names(ofType type: StaticString) {
        guard let targets = event[.target] else { return }
        let end = event.nodes + Int(targets.pointee.next)
        var element = targets + 1
        while element < end {
            if let target = Identity(element, in: event), let found = event.text(target.type),
                found.equals(type) || found.equalsIgnoringCase(type),
                let name = event.known(target.displayName) ?? event.known(target.alternateId) ?? event.known(target.id)
            {
                writer.string("\"", name)
            }
            element = event.nodes + Int(element.pointee.next)
        }
    }
}

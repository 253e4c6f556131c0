import CSimdjson

/// Facts for which OCSF has no attribute, in `enrichments[]`: proxies and anonymizers in front of an
/// address, the application of an account, the privileges of a consent, the scopes of a token.
extension RecordMapping {
    /// Adds to the client's address what is known about proxies and anonymizers.
    mutating func proxyEnrichment() {
        guard let client else { return }
        let event = event
        let categories = event.loose(event.child(security.ipDetails, .ipServiceCategories))
        let tunnels = event.loose(event.debug(.tunnels))
        let proxies = event.loose(event.debug(.associatedProxies))
        let type = event.known(event.debug(.proxyType))
        let status = event.known(event.debug(.anonymizerStatus))
        let isProxy = event.flag(security.isProxy) ?? false
        guard isProxy || type != nil || status != nil || tunnels != nil || categories != nil || proxies != nil else {
            return
        }
        let mark = writer.count
        writer.put("{\"name\":\"")
        writer.put(client.path)
        writer.string("\",\"value\":\"", client.ip)
        writer.put("\"type\":\"proxy\",\"provider\":\"Okta\",\"data\":{")
        if isProxy { writer.put("\"is_proxy\":true,") }
        if let type { writer.string("\"proxy_type\":\"", type) }
        if let status { writer.string("\"anonymizer_status\":\"", status) }
        services(tunnels, categories)
        if let proxies {
            let mark = writer.count
            writer.put("\"associated_proxies\":[")
            event.forEachElement(of: proxies) { if let name = event.scalar($0) { writer.string("\"", name) } }
            if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
        }
        if writer.isAtOpening { return writer.goBack(to: mark) }
        writer.endObject()
        writer.endObject()
    }

    /// Writes the tunnels and anonymizing services, with their operators. In the event, a service is `{type, operator, anonymous}` in `tunnels`, or
    /// `{type, operator, isAnonymous}` in the newer `ipDetails.ipServiceCategories`.
    private mutating func services(_ tunnels: LooseValue?, _ categories: LooseValue?) {
        let mark = writer.count
        writer.put("\"services\":[")
        if let tunnels { services(of: tunnels) }
        if let categories { services(of: categories) }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
    }

    private mutating func services(of list: LooseValue) {
        let event = event
        event.forEachElement(of: list) { service in
            var type: JSONText?
            var name: JSONText?
            var isAnonymous: Bool?
            event.forEachMember(of: service) { key, value in
                guard let text = event.scalar(value) else { return }
                if key.equals("type") {
                    type = text
                } else if key.equals("operator") {
                    name = text
                } else if key.equals("anonymous") || key.equals("isAnonymous") {
                    isAnonymous = text.equalsIgnoringCase("true")
                }
            }
            guard type != nil || name != nil || isAnonymous != nil else { return }
            writer.put("{")
            if let type { writer.string("\"type\":\"", type) }
            if let name { writer.string("\"operator\":\"", name) }
            if let isAnonymous { writer.put(isAnonymous ? "\"is_anonymous\":true," : "\"is_anonymous\":false,") }
            writer.endObject()
        }
    }

    /// Stores the application of an account for `applicationEnrichment`, because Account Change and Application Error have no attribute for an
    /// application.
    mutating func applicationOfTarget() {
        guard let list = event[.target], Int(list.pointee.kind) == TRIBUTARY_JSON_ARRAY else { return }
        let end = event.nodes + Int(list.pointee.next)
        var element = list + 1
        var index = 0
        while element < end {
            if let target = Identity(element, in: event), event.text(target.type)?.equals("AppInstance") ?? false {
                let label = event.known(target.displayName)
                guard let name = label ?? event.known(target.alternateId) else { return }
                application = TargetApplication(
                    index: index, isLabel: label != nil, name: name, uid: event.known(target.id))
                return
            }
            index += 1
            element = event.nodes + Int(element.pointee.next)
        }
    }

    mutating func applicationEnrichment() {
        guard let application else { return }
        writer.put("{\"name\":\"unmapped.target[")
        writer.integer(Int64(application.index))
        writer.put(application.isLabel ? "].displayName\",\"value\":\"" : "].alternateId\",\"value\":\"")
        writer.copy(application.name)
        writer.put("\",\"type\":\"application\",\"provider\":\"Okta\",\"data\":{")
        writer.string("\"name\":\"", application.name)
        if let uid = application.uid { writer.string("\"uid\":\"", uid) }
        writer.endObject()
        writer.endObject()
    }

    /// Writes an enrichment with the privileges of a consent or grant that is not for a user. The record is Entity Management, which has no
    /// `privileges`.
    mutating func privilegeEnrichment() {
        guard isGrantOfEntity else { return }
        let targets = Targets(event)
        guard let target = targets.changed ?? targets.first, let name = entityName(target) else { return }
        writer.string("{\"name\":\"entity.name\",\"value\":\"", name)
        writer.put("\"type\":\"privileges\",\"provider\":\"Okta\",\"data\":{")
        privileges(targets)
        writer.endObject()
        writer.endObject()
    }
}

extension RecordMapping {
    /// Writes an enrichment with the requested scopes, the granted scopes and the grant type of a token. The record is Authentication (3002), which
    /// has no `privileges`.
    mutating func scopeEnrichment(_ subject: Identity) {
        let granted = event.loose(event.debug(.grantedScopes))
        let requested = event.loose(event.debug(.requestedScopes))
        let type = event.known(event.debug(.grantType))
        guard granted != nil || requested != nil || type != nil else { return }
        let uid = event.known(subject.id)
        guard let user = uid ?? event.known(subject.alternateId) ?? event.known(subject.displayName) else { return }
        let mark = writer.count
        writer.put(uid != nil ? "{\"name\":\"user.uid\",\"value\":\"" : "{\"name\":\"user.name\",\"value\":\"")
        writer.copy(user)
        writer.put("\",\"type\":\"oauth_grant\",\"provider\":\"Okta\",\"data\":{")
        if let type { writer.string("\"grant_type\":\"", type) }
        scopes("\"granted_scopes\":[", granted)
        scopes("\"requested_scopes\":[", requested)
        if writer.isAtOpening { return writer.goBack(to: mark) }
        writer.endObject()
        writer.endObject()
    }

    private mutating func scopes(_ opening: StaticString, _ names: LooseValue?) {
        guard let names else { return }
        let mark = writer.count
        writer.put(opening)
        list(names, splitsAtBlanks: true)
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
    }
}

/// The application that is a target of an event about an account.
struct TargetApplication {
    var index: Int
    /// Whether `name` is the target's `displayName` (true) or its `alternateId` (false).
    var isLabel: Bool
    var name: JSONText
    var uid: JSONText?
}

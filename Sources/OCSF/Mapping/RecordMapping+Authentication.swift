/// Authentication (3002).
extension RecordMapping {
    mutating func authentication(_ subject: Identity?, _ actor: Identity?, _ targets: Targets) {
        if let subject { user("\"user\":{", subject, .user, consumes: false) }
        explain(
            "user",
            targets.user != nil
                ? "the target that is a user"
                : "no target is a user, so: the actor if it can sign in, otherwise an account in an application")
        session(of: subject, actor, targets)
        writer.put("\"is_remote\":true,")
        // OCSF requires a service or a destination. The org is always a destination; the application is the service if there is one.
        if let app = targets.app { service(app) }
        writer.copy(constants.dstEndpoint)
        authFactors(targets)
        authProtocol()
        if let token = targets.token { authenticationToken(token) }
        authorizations(targets)
        if rule.family == UInt8(ascii: "A"), rule.number == 3 {
            writer.put("\"account_switch_type_id\":2,\"account_switch_type\":\"Impersonate\",")
        }
    }

    private mutating func service(_ app: Identity) {
        writer.put("\"service\":{")
        if let id = event.known(app.id) { writer.string("\"uid\":\"", id) }
        if let name = event.known(app.displayName) ?? event.known(app.alternateId) {
            writer.string("\"name\":\"", name)
        }
        writer.endObject()
    }

    private mutating func authProtocol() {
        let mode = event.debug(.signOnMode)
        if let text = event.known(mode) {
            var id = 99
            if text.containsIgnoringCase("saml") {
                id = 5
            } else if text.containsIgnoringCase("openid") {
                id = 4
            } else if text.containsIgnoringCase("oauth") {
                id = 6
            } else if text.containsIgnoringCase("radius") {
                id = 10
            } else if text.containsIgnoringCase("kerberos") || text.containsIgnoringCase("iwa") {
                id = 2
            } else if text.containsIgnoringCase("ldap") {
                id = 12
            }
            if writer.enumerated("\"auth_protocol_id\":", "\"auth_protocol\":\"", id, text, .protocolType) {
                event.consume(mode)
            }
            return
        }
        guard let eventType else { return }
        if eventType.hasPrefix("app.oauth2.") {
            writer.put("\"auth_protocol_id\":6,\"auth_protocol\":\"OAUTH 2.0\",")
        } else if eventType.contains("radius") {
            writer.put("\"auth_protocol_id\":10,\"auth_protocol\":\"RADIUS\",")
        } else if eventType.containsIgnoringCase("ldap") {
            writer.put("\"auth_protocol_id\":12,\"auth_protocol\":\"LDAP\",")
        } else if eventType.contains("kerberos") || eventType.contains("iwa") {
            writer.put("\"auth_protocol_id\":2,\"auth_protocol\":\"Kerberos\",")
        }
    }

    private mutating func authenticationToken(_ token: Identity) {
        guard let type = event.known(token.type) else { return }
        writer.put("\"authentication_token\":{")
        var id = 99
        if type.equals("id_token") {
            id = 3
        } else if type.equals("refresh_token") {
            id = 4
        } else if type.equals("Token") {
            id = 7
        }
        writer.enumerated("\"type_id\":", "\"type\":\"", id, type, .tokenType)
        if let uid = event.known(token.id) { writer.string("\"uid\":\"", uid) }
        if let name = event.known(token.displayName) { writer.string("\"name\":\"", name) }
        if let text = event.text(event.child(token.detailEntry, .expires)), let expires = PublishedTime(text) {
            timestamp("\"expiration_time\":", "\"expiration_time_dt\":\"", expires.milliseconds)
        }
        writer.endObject()
    }

    mutating func policyObject(_ opening: StaticString, _ policy: Identity, isApplied: Bool) {
        writer.put(opening)
        if let id = event.known(policy.id) { writer.string("\"uid\":\"", id) }
        if let name = event.known(policy.displayName) ?? event.known(policy.alternateId) {
            writer.string("\"name\":\"", name)
        }
        if let type = event.known(policy.type) { writer.string("\"type\":\"", type) }
        if isApplied { writer.put("\"is_applied\":true,") }
        writer.endObject()
    }
}

/// Authentication (3002).
extension RecordMapping {
    mutating func authentication(_ subject: Identity?, _ targets: Targets) {
        if let subject { user("\"user\":{", subject, .user, consumes: false) }
        session("\"session\":{", withTunnel: true)
        writer.put("\"is_remote\":true,")
        // OCSF wants a service or a destination; the org is always one, the application when there is one.
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

    mutating func authFactors(_ targets: Targets) {
        let mark = writer.count
        writer.put("\"auth_factors\":[")
        let first = event.known(event.debug(.authMethodFirstType))
        let second = event.known(event.debug(.authMethodSecondType))
        let factor = event.known(event.debug(.factor))
        let enrolled = targets.enrollment.flatMap {
            event.known(event.child($0.detailEntry, .methodTypeUsed))
                ?? event.known(event.child($0.detailEntry, .factorType))
        }
        if let first { authFactor(first) }
        if let second { authFactor(second) }
        // The three name the same factor in different words; the most exact one speaks.
        if first == nil, second == nil, let only = factor ?? enrolled { authFactor(only) }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
        guard kind == .authentication else { return }
        if second != nil || (eventType?.equals("user.authentication.auth_via_mfa") ?? false) {
            writer.put("\"is_mfa\":true,")
        }
    }

    private mutating func authFactor(_ text: JSONText) {
        writer.put("{")
        writer.enumerated("\"factor_type_id\":", "\"factor_type\":\"", Self.factorID(text), text, .factorType)
        writer.endObject()
    }

    /// Okta's names vary: `OKTA_VERIFY_PUSH`, `Get a push notification`, `PASSWORD_AS_FACTOR`.
    private static func factorID(_ text: JSONText) -> Int {
        if text.containsIgnoringCase("question") { return 2 }
        if text.containsIgnoringCase("sms") { return 1 }
        if text.containsIgnoringCase("call") || text.containsIgnoringCase("voice") { return 3 }
        if text.containsIgnoringCase("push") { return 5 }
        if text.containsIgnoringCase("webauthn") || text.containsIgnoringCase("fido") { return 10 }
        if text.containsIgnoringCase("u2f") { return 9 }
        if text.containsIgnoringCase("email") { return 8 }
        if text.containsIgnoringCase("fastpass") || text.containsIgnoringCase("nonce") { return 99 }
        if text.containsIgnoringCase("hardware") || text.containsIgnoringCase("yubikey") { return 6 }
        if text.containsIgnoringCase("password") { return 11 }
        if text.containsIgnoringCase("otp") || text.containsIgnoringCase("soft_token")
            || text.containsIgnoringCase("enter a code")
        {
            return 7
        }
        return 99
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

    /// The policy and the rule that decided.
    private mutating func authorizations(_ targets: Targets) {
        guard targets.policy != nil || targets.rule != nil else { return }
        usesSecurityControl = true
        writer.put("\"authorizations\":[")
        if let policy = targets.policy { authorization(policy) }
        if let rule = targets.rule { authorization(rule) }
        writer.endArray()
    }

    private mutating func authorization(_ policy: Identity) {
        writer.put("{")
        if let decision = event.known(event.child(event[.outcome], .result)) {
            writer.string("\"decision\":\"", decision)
        }
        policyObject("\"policy\":{", policy, isApplied: true)
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

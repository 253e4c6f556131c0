/// `actor.idp`: the identity provider that authenticated the user. `authenticationProvider` and `credentialProvider` don't name the provider, only
/// its kind ("FEDERATION", "FACTOR_PROVIDER"), and stay in `unmapped`.
extension RecordMapping {
    /// Writes `actor.idp` from a target that is an identity provider, or otherwise from the issuer of the user's assertion or token.
    mutating func identityProvider(_ targets: Targets) {
        let context = event[.authenticationContext]
        let issuer = event.child(context, .issuer)
        let issuerID = event.known(event.child(issuer, .id))
        let isIssuer = issuerID != nil && isFederated(issuer)
        guard targets.idp != nil || isIssuer else { return }
        writer.put("\"idp\":{")
        if let idp = targets.idp {
            if let id = event.known(idp.id) { writer.string("\"uid\":\"", id) }
            if let name = event.known(idp.displayName) ?? event.known(idp.alternateId) {
                writer.string("\"name\":\"", name)
            }
            explain("actor.idp", "the target that is an identity provider")
        } else if let issuerID {
            writer.string("\"uid\":\"", issuerID)
            if let name = event.known(event.debug(.idpDisplayName)) { writer.string("\"name\":\"", name) }
            explain("actor.idp", "the issuer of the assertion or token")
        }
        if isIssuer, let issuerID { writer.string("\"issuer\":\"", issuerID) }
        if let name = protocolName(issuer, targets.idp) {
            writer.put("\"protocol_name\":\"")
            writer.put(name)
            writer.put("\",")
        }
        writer.endObject()
    }

    /// Whether the issuer is somebody other than Okta, judged by its type, the kind of provider, or the event type.
    private func isFederated(_ issuer: JSONNode?) -> Bool {
        if let type = event.known(event.child(issuer, .type)), Targets.isIdentityProvider(type) { return true }
        if let kind = event.known(event.child(event[.authenticationContext], .authenticationProvider)) {
            return kind.equals("FEDERATION") || kind.equals("SOCIAL")
        }
        if let type = event.known(event.child(issuer, .type)), protocolIn(type) != nil { return true }
        guard let eventType else { return false }
        return eventType.hasSuffix(".auth_via_IDP") || eventType.hasSuffix(".auth_via_social")
            || eventType.hasSuffix(".auth_via_inbound_SAML")
    }

    private func protocolName(_ issuer: JSONNode?, _ idp: Identity?) -> StaticString? {
        if let name = event.known(event.child(issuer, .type)).flatMap({ protocolIn($0) }) { return name }
        if let name = event.known(idp?.type).flatMap({ protocolIn($0) }) { return name }
        if let type = event.known(event.child(event[.authenticationContext], .credentialType)) {
            if type.equals("ASSERTION") { return "SAML" }
            if type.equals("JWT") { return "OIDC" }
            if type.containsIgnoringCase("oauth") { return "OAuth2" }
        }
        return eventType?.hasSuffix("inbound_SAML") ?? false ? "SAML" : nil
    }

    private func protocolIn(_ text: JSONText) -> StaticString? {
        if text.containsIgnoringCase("saml") { return "SAML" }
        if text.containsIgnoringCase("oidc") || text.containsIgnoringCase("openid") { return "OIDC" }
        if text.containsIgnoringCase("oauth") { return "OAuth2" }
        return nil
    }
}

import CSimdjson

/// `auth_factors` and `is_mfa`.
extension RecordMapping {
    /// The factors that have been written so far.
    private struct Factors {
        var count = 0
        /// One bit for each `factor_type_id` that has been written; bit 0 stands for the id 99.
        var ids: UInt32 = 0
        var other: JSONText?
        /// Whether at least one factor is neither a password nor a question.
        var isStrong = false

        /// Adds a factor. Returns false if an earlier factor has the same id; then the factor is not added.
        mutating func add(_ id: Int, _ text: JSONText) -> Bool {
            let bit: UInt32 = 1 << UInt32(id == 99 ? 0 : id)
            if id == 99 {
                guard other == nil else { return false }
                other = text
            } else if ids & bit != 0 {
                return false
            }
            ids |= bit
            count += 1
            if id != 11, id != 2 { isStrong = true }
            return true
        }
    }

    /// Writes the factors, each kind only once: Okta names factors in several places, and uses different words for the same factor.
    mutating func authFactors(_ targets: Targets) {
        var factors = Factors()
        let mark = writer.count
        writer.put("\"auth_factors\":[")
        for key in [OktaKey.authMethodFirstType, .authMethodSecondType, .factor] {
            if let text = event.known(event.debug(key)) { add(text, &factors) }
        }
        if targets.hasFactors {
            methodsOfTargets(exactly: true, &factors)
            if factors.count == 0 { methodsOfTargets(exactly: false, &factors) }
        }
        if factors.count == 0, let named = factorOfType {
            writer.put(named.json)
            if named.id != 11 { factors.isStrong = true }
            factors.count = 1
            explain("auth_factors", "the factor named by the event type, or by Okta Verify's answer to a push")
        }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
        guard kind == .authentication else { return }
        if factors.count > 1 {
            writer.put("\"is_mfa\":true,")
            explain("is_mfa", "at least two different factors")
        } else if factors.count == 1, factors.isStrong, isFactorVerification {
            writer.put("\"is_mfa\":true,")
            explain("is_mfa", "the verification of a factor that is neither a password nor a question")
        } else {
            explain(
                "is_mfa",
                "left out: at most one factor (a password, a question, or one that this event does not verify)")
        }
    }

    /// True if the event type reports that a factor was verified. This is not enough for `is_mfa`: the Identity Engine logs `auth_via_mfa` for a
    /// password, too.
    private var isFactorVerification: Bool {
        guard let eventType else { return false }
        return eventType.equals("user.authentication.auth_via_mfa") || eventType.hasPrefix("user.mfa.okta_verify")
    }

    private mutating func add(_ text: JSONText, _ factors: inout Factors) {
        let id = Self.factorID(text)
        guard factors.add(id, text) else { return }
        writer.put("{")
        writer.enumerated("\"factor_type_id\":", "\"factor_type\":\"", id, text, .factorType)
        writer.endObject()
    }

    /// Adds a factor for each target that describes one. If `exactly` is true, the factor is named after the method that was used or changed; if it
    /// is false, after the authenticator.
    private mutating func methodsOfTargets(exactly: Bool, _ factors: inout Factors) {
        guard let list = event[.target], Int(list.pointee.kind) == TRIBUTARY_JSON_ARRAY else { return }
        let end = event.nodes + Int(list.pointee.next)
        var element = list + 1
        while element < end {
            if let target = Identity(element, in: event), let text = method(of: target, exactly: exactly) {
                add(text, &factors)
            }
            element = event.nodes + Int(element.pointee.next)
        }
    }

    private func method(of target: Identity, exactly: Bool) -> JSONText? {
        guard let type = event.known(target.type) else { return nil }
        guard Targets.isFactor(type) else { return nil }
        let isAuthenticator = type.hasPrefix("Authenticator")
        guard exactly else {
            return event.detail(of: target, .authenticatorKey, "authenticatorKey") ?? event.known(target.displayName)
        }
        return event.detail(of: target, .methodTypeUsed, "methodTypeUsed")
            ?? event.detail(of: target, .methodType, "methodType")
            ?? event.detail(of: target, .factorType, "factorType") ?? (isAuthenticator ? nil : event.known(target.id))
    }

    /// The factor that the event type is about, or that an answer of Okta Verify shows; nil if there is neither.
    private var factorOfType: (id: Int, json: StaticString)? {
        guard let eventType else { return nil }
        // An event of any type can contain Okta Verify's answer to a push notification.
        if event.debug(.pushOnlyResponseType) != nil || eventType.contains("deny_push")
            || eventType.equals("system.push.send_factor_verify_push")
        {
            return (5, "{\"factor_type_id\":5,\"factor_type\":\"Push Notification\"},")
        }
        if eventType.equals("system.sms.send_factor_verify_message") {
            return (1, "{\"factor_type_id\":1,\"factor_type\":\"SMS\"},")
        }
        if eventType.equals("system.voice.send_mfa_challenge_call") {
            return (3, "{\"factor_type_id\":3,\"factor_type\":\"Phone Call\"},")
        }
        if eventType.equals("system.email.send_factor_verify_message")
            || eventType.equals("system.email.challenge_factor_redeemed")
        {
            return (8, "{\"factor_type_id\":8,\"factor_type\":\"Email\"},")
        }
        return nil
    }

    /// The `factor_type_id` for Okta's name of a factor. The names vary: `OKTA_VERIFY_PUSH`, `Get a push notification`, `PASSWORD_AS_FACTOR`.
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
        // In OCSF, a one-time password is not a password but a factor of its own.
        if text.containsIgnoringCase("otp") || text.containsIgnoringCase("one-time")
            || text.containsIgnoringCase("soft_token") || text.containsIgnoringCase("enter a code")
            || text.containsIgnoringCase("google")
        {
            return 7
        }
        if text.containsIgnoringCase("password") { return 11 }
        return 99
    }
}

import Foundation
import Testing

@testable import OCSF

@Suite("mapping rules") struct MappingTests {
    @Test(
        "each platform that Okta documents gets its OCSF type",
        arguments: [
            ("MACOS", 300), ("OSX", 300), ("OSx", 300), ("Mac OS X", 300), ("Mac OS 14.5.0 (Sonoma)", 300),
            ("WINDOWS", 100),
            ("Windows 10", 100), ("Windows Phone 8", 101), ("Windows 10 Mobile", 101), ("IOS", 301), ("iOS", 301),
            ("iOS 18.1 (iPhone)", 301), ("Mac OS X (iPhone)", 301), ("Mac OS X (iPad)", 302), ("iPadOS 17", 302),
            ("ANDROID", 201), ("Android 1.x", 201), ("LINUX", 200), ("Ubuntu", 200), ("Linux", 200), ("CHROMEOS", 99),
            ("Chrome OS", 99), ("OTHER", 99), ("Machine learner", 300), ("Xbox", 99), ("SunOS", 400), ("AIX", 401),
        ])
    func platforms(name: String, type: Int) throws {
        #expect(try withText(name) { OperatingSystem.typeID($0) } == type)
        let record = try record(
            oktaEvent("user.session.start", more: #"device={"id":"d","os_platform":"\#(name)"}"#))
        #expect(record.number("device.os.type_id") == type)
    }

    @Test(
        "if the actor is a user, an app or a device, it is in the attribute that OCSF has for this kind of actor",
        arguments: [
            ("User", "actor.user.uid"), ("SystemPrincipal", "actor.user.uid"), ("PublicClientApp", "actor.app_uid"),
            ("PublicClientAppEntity", "actor.app_uid"), ("AppInstance", "actor.app_uid"), ("UDDevice", "device.uid"),
            ("Device", "device.uid"), ("Alien", "actor.user.uid"),
        ])
    func actors(type: String, path: String) throws {
        let record = try record(
            oktaEvent(
                "policy.lifecycle.update", actor: people.target("a1", type, "A One"),
                target: "[\(people.target("p", "Policy", "P"))]"))
        #expect(record.text(path) == "a1")
        #expect((record["actor.user"] != nil) == (path == "actor.user.uid"))
        #expect(record.text("actor.session.uid") == "idxExt01")
    }

    @Test(
        "if the actor is an IP address and the client has no address, the endpoint gets the actor's address",
        arguments: ["IP address", "Palm", ""])
    func addressActor(type: String) throws {
        let record = try record(
            oktaEvent("zone.create", actor: people.target("198.51.100.99", type, "198.51.100.99"), client: ""))
        #expect(record["actor.user"] == nil)
        #expect((record.text("src_endpoint.ip") == "198.51.100.99"))
    }

    @Test("actor.idp is taken from a target or from the issuer, never from authenticationProvider")
    func identityProviders() throws {
        let kind = try record(
            oktaEvent(
                "user.session.start",
                more:
                    #"authenticationContext={"authenticationProvider":"FACTOR_PROVIDER","credentialProvider":"OKTA_CREDENTIAL_PROVIDER"}"#
            ))
        #expect(kind["actor.idp"] == nil)
        #expect(kind.text("unmapped.authenticationContext.authenticationProvider") == "FACTOR_PROVIDER")
        let issuer = try record(
            oktaEvent(
                "user.authentication.auth_via_IDP", debug: #"{"idpDisplayName":"Partner"}"#,
                more:
                    #"authenticationContext={"authenticationProvider":"FEDERATION","credentialType":"ASSERTION","issuer":{"id":"https://idp.example","type":"IDP"}}"#
            ))
        #expect(issuer.text("actor.idp.uid") == "https://idp.example")
        #expect(issuer.text("actor.idp.name") == "Partner")
        #expect(issuer.text("actor.idp.protocol_name") == "SAML")
        let target = try record(
            oktaEvent(
                "user.authentication.auth_via_social",
                target: "[\(people.target("0oa1", "IdentityProvider", "Google"))]",
                more: #"authenticationContext={"authenticationProvider":"SOCIAL","credentialType":"JWT"}"#))
        #expect(target.text("actor.idp.uid") == "0oa1")
        #expect(target.text("actor.idp.name") == "Google")
    }

    @Test(
        "is_mfa is set only if the event shows that a second factor was used",
        arguments: [
            ("user.authentication.auth_via_mfa", #"{"factor":"OKTA_VERIFY_PUSH"}"#, true),
            ("user.authentication.auth_via_mfa", #"{"factor":"SIGNED_NONCE"}"#, true),
            ("user.authentication.auth_via_mfa", #"{"factor":"SECURITY_QUESTION"}"#, false),
            ("user.authentication.auth_via_mfa", #"{"factor":"PASSWORD_AS_FACTOR"}"#, false),
            ("user.authentication.auth_via_mfa", "{}", false),
            (
                "user.session.start", #"{"authMethodFirstType":"PASSWORD","authMethodSecondType":"OKTA_VERIFY_PUSH"}"#,
                true
            ),
            ("user.session.start", #"{"authMethodFirstType":"PASSWORD","authMethodSecondType":"PASSWORD"}"#, false),
            ("user.session.start", #"{"authMethodFirstType":"OKTA_VERIFY_PUSH"}"#, false),
        ])
    func multiFactor(type: String, debug: String, isMFA: Bool) throws {
        let record = try record(oktaEvent(type, debug: debug))
        #expect((record["is_mfa"] as? Bool ?? false) == isMFA)
    }

    @Test("auth_factors has the factor of every enrollment, and each kind of factor only once")
    func factors() throws {
        func enrollment(_ id: String, _ method: String) -> String {
            people.target(
                id, "AuthenticatorEnrollment", "x", more: #","detailEntry":{"methodTypeUsed":"\#(method)"}"#)
        }
        let record = try record(
            oktaEvent(
                "user.authentication.verify",
                target:
                    "[\(enrollment("a", "Password")),\(enrollment("b", "Get a push notification")),\(enrollment("c", "Password"))]"
            ))
        #expect(record.objects("auth_factors").map { $0.number("factor_type_id") } == [11, 5])
        #expect(record["is_mfa"] as? Bool == true)
        let enrolled = try OCSFTests.record(
            oktaEvent(
                "user.mfa.factor.activate",
                target:
                    "[\(people.two),\(people.target("m", "AuthenticatorMethod", "Phone", more: #","detailEntry":{"methodType":"SMS"}"#)),\(people.target("n", "AuthenticatorMethod", "Phone", more: #","detailEntry":{"methodType":"VOICE"}"#))]"
            ))
        #expect(enrolled.objects("auth_factors").map { $0.number("factor_type_id") } == [1, 3])
    }

    @Test(
        "severity_id and is_alert depend on whether the risk has risen or fallen",
        arguments: [
            ("{level=HIGH, previousLevel=LOW}", 4, 1, 1, true), ("{level=MEDIUM, previousLevel=LOW}", 3, 1, 1, true),
            ("{level=MEDIUM, previousLevel=HIGH}", 2, 2, 2, false), ("{level=LOW, previousLevel=HIGH}", 1, 2, 4, false),
            ("{level=LOW}", 2, 1, 1, false), ("{level=HIGH, previousLevel=HIGH}", 4, 1, 1, false),
            ("{level=HIGH}", 4, 1, 1, true),
        ] as [(String, Int, Int, Int, Bool)])
    func riskChange(risk: String, severity: Int, activity: Int, status: Int, isAlert: Bool) throws {
        for type in ["user.risk.change", "user.risk.detect"] {
            let record = try record(
                oktaEvent(type, actor: people.okta, target: "[\(people.two)]", debug: #"{"risk":"\#(risk)"}"#))
            #expect(record.number("severity_id") == severity)
            #expect(record.number("activity_id") == activity)
            #expect(record.number("status_id") == status)
            #expect((record["is_alert"] as? Bool ?? false) == isAlert)
        }
    }

    @Test(
        "the risk level is read from every member in which Okta writes it, and in every form",
        arguments: [
            #"{"risk":"{level=HIGH}"}"#, #"{"risk":"Risk{level=HIGH}"}"#, #"{"risk":"level=HIGH"}"#,
            #"{"risk":{"level":"HIGH"}}"#, #"{"risk":"{\"level\":\"HIGH\"}"}"#, #"{"Risk":"{level=HIGH}"}"#,
            #"{"riskChange":"{\"riskLevel\":\"HIGH\",\"priorRiskLevel\":\"LOW\",\"reasonCode\":\"High threat IP\"}"}"#,
            #"{"riskChange":{"riskLevel":"HIGH"}}"#,
            #"{"logOnlySecurityData":"{\"risk\":{\"level\":\"HIGH\"}}"}"#,
            #"{"logOnlySecurityData":{"risk":{"level":"HIGH"}}}"#,
            #"{"partnerRisk":"[{reasons=malware detected, malicious proxy, level=HIGH, name=sig-sci}, {level=LOW}]"}"#,
            #"{"partnerRisk":[{"name":"sig-sci","level":"HIGH"}]}"#,
            #"{"securityEventsProviderReportedRisk":"{\"type\":\"t\",\"claims\":{\"current_level\":\"high\",\"reason_admin\":{\"en\":\"IP change\"}}}"}"#,
        ])
    func riskLevels(debug: String) throws {
        let record = try record(oktaEvent("user.session.start", debug: debug))
        #expect(record.number("risk_level_id") == 3)
        #expect(record.texts("metadata.profiles").contains("security_control"))
    }

    @Test("if Okta says that a risk has decreased, the record is no alert, even if the earlier level is unknown")
    func decrease() throws {
        let record = try record(
            oktaEvent(
                "user.risk.change", actor: people.okta, target: "[\(people.two)]",
                debug: #"{"riskChange":"{\"riskLevel\":\"MEDIUM\",\"direction\":\"decrease\"}"}"#))
        #expect(record["is_alert"] == nil)
        #expect(record.number("severity_id") == 2)
    }

    @Test("a record of an answer to a push notification has the push factor")
    func pushResponse() throws {
        let record = try record(
            oktaEvent(
                "user.authentication.auth_via_mfa", debug: #"{"pushOnlyResponseType":"OV_RESPONSE_DENY"}"#,
                more: #"outcome={"result":"FAILURE","reason":"INVALID_CREDENTIALS"}"#))
        #expect(record.number("auth_factors.0.factor_type_id") == 5)
    }

    @Test("if a security partner reports a risk, the record has the level and the reasons of that report")
    func partner() throws {
        let record = try record(
            oktaEvent(
                "security.partner.report.risk", actor: people.okta, target: "[\(people.two)]",
                debug: #"{"partnerRisk":"[{reasons=malware detected, malicious proxy, level=HIGH, name=sig-sci}]"}"#))
        #expect(record.number("severity_id") == 4)
        #expect(record.number("risk_level_id") == 3)
        #expect(record.matches("risk_details", "partner sig-sci: HIGH, malware detected, malicious proxy"))
    }

    @Test("the newer form of securityContext fills the same attributes as the older form")
    func newerSecurityContext() throws {
        let record = try record(
            oktaEvent(
                "user.session.start",
                more:
                    #"securityContext={"ipDetails":{"asNumber":394089,"asOrg":"org","isp":"google","domain":"g.example","ipServiceCategories":[{"type":"VPN","operator":"X","isAnonymous":true}]},"risk":{"level":"HIGH","reasons":["A","B"],"detectionName":"D"},"userBehaviors":[{"id":"b","name":"New Device","result":"POSITIVE"}]}"#
            ))
        #expect(record.number("src_endpoint.autonomous_system.number") == 394089)
        #expect(record.text("src_endpoint.isp") == "google")
        #expect(record.text("src_endpoint.domain") == "g.example")
        #expect(record.text("risk_details") == "D; reasons: A, B; behaviors: New Device=POSITIVE")
        #expect(record["session.is_vpn"] as? Bool == true)
        #expect(record.text("enrichments.0.data.services.0.operator") == "X")
    }

    @Test("if securityContext has no details of the client's address, they come from the ipChain")
    func detailsOfHop() throws {
        let record = try record(
            oktaEvent(
                "user.session.start",
                more:
                    #"request={"ipChain":[{"ip":"192.0.2.1","ipDetails":{"asNumber":1}},{"ip":"203.0.113.9","ipDetails":{"asNumber":2,"isp":"x"}}]}"#
                    + "\n" + #"securityContext={"isProxy":"true"}"#))
        #expect(record.number("src_endpoint.autonomous_system.number") == 2)
        #expect(record.text("src_endpoint.isp") == "x")
        #expect(record.text("enrichments.0.type") == "proxy")
    }

    @Test("details of a target fill the same attributes whether Okta writes them as text or as an object")
    func detailsAsText() throws {
        for details in [
            #"{"ruleAction":"TERMINATE_SESSION"}"#, #""{ruleAction=TERMINATE_SESSION}""#,
            #""{\"ruleAction\":\"TERMINATE_SESSION\"}""#,
        ] {
            let record = try record(
                oktaEvent(
                    "policy.continuous_access.evaluate",
                    target: "[\(people.two),\(people.target("r", "Rule", "R", more: #","detailEntry":\#(details)"#))]"))
            #expect(record.text("authorizations.0.decision") == "TERMINATE_SESSION")
        }
        let failed = try record(
            oktaEvent(
                "policy.auth_reevaluate.fail",
                target:
                    "[\(people.two),\(people.target("p", "Policy Evaluation", "Okta Dashboard", more: #","detailEntry":{"matchedRuleAction":"DENY","matchedRuleDisplayName":"My rule","matchedRuleId":"0pr1"}"#))]"
            ))
        #expect(failed.text("authorizations.0.decision") == "DENY")
        #expect(failed.text("authorizations.0.policy.name") == "My rule")
        #expect(failed.text("authorizations.0.policy.uid") == "0pr1")
    }

    @Test("the changed entity is the target that has changeDetails, wherever it is in the list")
    func changedTarget() throws {
        let rule = people.target("r", "PolicyRule", "Rule", more: #","changeDetails":{"from":{"a":1},"to":{"a":2}}"#)
        let entity = try record(
            oktaEvent("policy.rule.update", target: "[\(people.target("p", "PolicyEntity", "Policy")),\(rule)]"))
        #expect(entity.text("entity.name") == "Rule")
        #expect(entity.text("entity.data") == #"{"a":1}"#)
        #expect(entity.text("entity_result.data") == #"{"a":2}"#)
        let account = people.target(
            "0ua1", "AppUser", "Two", "two", more: #","changeDetails":{"from":{"login":"two"},"to":{"login":"zwei"}}"#)
        let change = try record(
            oktaEvent("application.user_membership.change_username", target: "[\(people.two),\(account)]"))
        #expect(change.text("user.uid") == "00ubob0002")
        #expect(change.text("user_result.uid") == "0ua1")
        #expect(change.text("user_result.name") == "zwei")
    }

    @Test("if a device acts on another object, `entity` is the object and not the device")
    func deviceWithTargets() throws {
        let record = try record(
            oktaEvent(
                "device.signals.status.timeout", actor: people.target("guv1", "UDDevice", "LAPTOP"),
                target: "[\(people.two),\(people.target("p", "Policy", "P"))]"))
        #expect(record.text("entity.user.uid") == "00ubob0002")
        #expect(record.text("device.uid") == "guv1")
    }

    @Test(
        "an IP address has the same spelling in records, however Okta writes it",
        arguments: [
            ("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"),
            ("::FFFF:203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:443", "203.0.113.9"), ("[2001:db8::1]:443", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"), ("2001:DB8:0:0:0:0:0:1", "2001:DB8:0:0:0:0:0:1"), ("203.0.113.09", nil),
            ("203.0.113.9:x", nil), ("[203.0.113.9", nil), ("host", nil), ("::ffff:cb00:7109", "::ffff:cb00:7109"),
            ("203.0.113.9:99999", nil),
        ] as [(String, String?)])
    func addresses(written: String, ip: String?) throws {
        let record = try record(oktaEvent("user.session.start", client: written))
        #expect(record.text("src_endpoint.ip") == ip)
        if written != ip { #expect(record.text("unmapped.client.ipAddress") == written) }
        #expect(record.number("src_endpoint.port") == (written.hasSuffix(":443") ? 443 : nil))
    }

    @Test("if the client has no address, the endpoint gets no address from the ipChain")
    func chainAlone() throws {
        let record = try record(
            oktaEvent("user.session.start", client: "", more: #"request={"ipChain":[{"ip":"198.51.100.1"}]}"#))
        #expect(record["src_endpoint.ip"] == nil)
        #expect(record.texts("http_request.x_forwarded_for") == ["198.51.100.1"])
    }

    @Test(
        "a login that looks like a password does not become an e-mail address",
        arguments: [
            ("P@ssw0rd.2026", false), ("a@b.example", true), ("a@b1.2c", true), ("a@1.2.3", false), ("a@b", false),
        ])
    func logins(login: String, isAddress: Bool) throws {
        let record = try record(oktaEvent("user.session.start", actor: people.person("u", login, "U")))
        #expect((record["actor.user.email_addr"] != nil) == isAddress)
        #expect(record.text("actor.user.name") == login)
        #expect(record.objects("observables").contains { $0.number("type_id") == 5 } == isAddress)
    }

    @Test(
        "a country is recognized by each name that geolocation data has used for it",
        arguments: [
            ("Switzerland", "CH"), ("switzerland", "CH"), ("CH", "CH"), ("ch", "CH"), ("Korea (Republic of)", "KR"),
            ("State of Palestine", "PS"), ("Congo, The Democratic Republic of the", "CD"),
            ("Libyan Arab Jamahiriya", "LY"),
            ("Åland", "AX"), ("åland islands", "AX"), ("Bonaire", "BQ"), ("Antigua & Barbuda", "AG"),
            ("Trinidad & Tobago", "TT"), ("UNITED KINGDOM", "GB"), ("St. Kitts & Nevis", "KN"), ("Côte d'Ivoire", "CI"),
            ("CÔTE D'IVOIRE", "CI"), ("The Gambia", "GM"), ("Iran, Islamic Republic of", "IR"), ("Atlantis", nil),
            ("", nil),
            ("the", nil), ("&", nil), (String(repeating: "st ", count: 40), nil),
        ] as [(String, String?)])
    func countries(name: String, code: String?) throws {
        let found = try withText(name) { CountryCode.lookup($0)?.string }
        #expect(found == code)
    }

    @Test("with refusesOtherObjects, an object that is not a LogEvent is refused, and the reason says what it is")
    func otherObjects() throws {
        let cases: [(String, OtherObject?)] = [
            (
                #"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#,
                .apiError(code: "E0000011", summary: "Invalid token provided")
            ),
            (#"{"eventType":"com.okta.event_hook","data":{"events":[]}}"#, .eventHook),
            (#"{"detail-type":"SystemLog","detail":{"uuid":"u"}}"#, .eventBridge), ("{}", .unknown),
            (#"{"uuid":"u"}"#, .unknown), (#"{"eventType":"user.session.start"}"#, .unknown),
            (#"{"uuid":"u","eventType":"user.session.start"}"#, nil), (#"{"uuid":"u","published":"p"}"#, nil),
            (#"{"eventType":"user.session.start","actor":{"id":"x"}}"#, nil), (oktaEvent("user.session.start"), nil),
        ]
        for (text, object) in cases {
            let refused = try normalize(Array(text.utf8), NormalizerSettings(refusesOtherObjects: true))
            #expect(refused.rejections.first?.rejection.object == object, "\(text)")
            #expect(refused.records.count == (object == nil ? 1 : 0))
            #expect(try normalize(Array(text.utf8)).records.count == 1)
        }
    }

    @Test(
        "a file that is not in UTF-8 is detected by its first bytes",
        arguments: [
            (Array("{}".utf8), false), ([0xFF, 0xFE, 0x7B, 0], true), ([0xFE, 0xFF, 0, 0x7B], true),
            ([0x7B, 0, 0x22, 0], true),
            ([0, 0x5B, 0, 0x7B], true), ([0xEF, 0xBB, 0xBF, 0x7B], false), ([0xFF, 0xFE, 0, 0], true), ([], false),
        ] as [([UInt8], Bool)])
    func encodings(bytes: [UInt8], isOther: Bool) {
        #expect((bytes.withUnsafeBytes { encodingTrouble(firstBytes: $0) } != nil) == isOther)
    }

    @Test("explanations give the rule for each attribute, and are made only on request")
    func explanations() throws {
        let normalizer = try makeNormalizer()
        var sink = Collected()
        let event = Array(oktaEvent("palm.zone.create").utf8)
        func make() {
            event.withUnsafeBytes {
                normalizer.normalizeEvent($0, source: acme, offset: 0, collectedAt: collectedAt, into: &sink)
            }
        }
        make()
        #expect(normalizer.explanations.isEmpty)
        normalizer.isExplaining = true
        make()
        #expect(sink.records[0].text == sink.records[1].text)
        let reasons = normalizer.explanations
        #expect(
            reasons.contains {
                $0.attribute == "class_uid" && $0.reason.contains("words) in common") || $0.reason.contains("word(s)")
            })
        for attribute in ["time", "activity_id", "severity_id", "status_id", "actor.user", "src_endpoint.ip", "entity"]
        {
            #expect(reasons.contains { $0.attribute == attribute }, "\(attribute)")
        }
    }
}

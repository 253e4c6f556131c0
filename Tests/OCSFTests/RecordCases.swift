import Foundation
import Testing

@testable import OCSF

/// Events for which an earlier version wrote a wrong record, and the condition that each record must meet now. Add a case for each new mistake.
struct RecordCase: Sendable, CustomTestStringConvertible {
    let name: String
    let events: [String]
    var settings = NormalizerSettings(rawData: false)
    let holds: @Sendable (JSON) -> Bool

    var testDescription: String { name }

    init(
        _ name: String, _ events: [String], _ settings: NormalizerSettings = NormalizerSettings(rawData: false),
        holds: @escaping @Sendable (JSON) -> Bool
    ) {
        self.name = name
        self.events = events
        self.settings = settings
        self.holds = holds
    }
}

/// An event as JSON with the usual members. Each line `name=value` in `more` replaces or adds a member.
func oktaEvent(
    _ type: String, actor: String = people.three, target: String = "null", debug: String = "{}",
    client: String = "203.0.113.9", more: String = ""
) -> String {
    let place =
        #"{"city":"Zurich","state":"Zurich","country":"Switzerland","geolocation":{"lat":47.37,"lon":8.54}}"#
    let address = client.isEmpty ? "null" : #""\#(client)""#
    let members: [(String, String)] = [
        ("uuid", #""7cc84507-6cbe-533c-81d9-852542490f6e""#), ("published", #""2026-11-20T10:00:51.000Z""#),
        ("eventType", #""\#(type)""#), ("version", #""0""#), ("severity", #""INFO""#),
        ("displayMessage", #""something happened""#), ("actor", actor), ("target", target),
        (
            "client",
            #"{"ipAddress":\#(address),"device":"Computer","userAgent":{"os":"Windows 10"},"geographicalContext":\#(place)}"#
        ),
        ("outcome", #"{"result":"SUCCESS"}"#),
        ("authenticationContext", #"{"rootSessionId":"idxRoot01","externalSessionId":"idxExt01"}"#),
        ("securityContext", #"{"asNumber":64500,"isProxy":false}"#), ("debugContext", #"{"debugData":\#(debug)}"#),
        ("request", #"{"ipChain":[]}"#),
    ]
    let own =
        more.isEmpty ? [] : more.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    let text = members.map { name, value in
        #""\#(name)":\#(own.first { $0[0] == name }?[1] ?? value)"#
    }
    let added = own.filter { member in !members.contains { $0.0 == member[0] } }.map { #""\#($0[0])":\#($0[1])"# }
    return "{\((text + added).joined(separator: ","))}"
}

enum people {
    static let two = person("00ubob0002", "user.two@example.com", "User Two")
    static let three = person("00uada0001", "user.three@example.com", "User Three")
    static let four = person("00ueve0003", "user.four@partner.example", "User Four")
    static let okta = target("okta.2b19", "SystemPrincipal", "Okta System", "system@okta.com")

    static func person(_ id: String, _ login: String, _ name: String) -> String { target(id, "User", name, login) }

    static func target(
        _ id: String, _ type: String, _ name: String, _ login: String = "unknown", more: String = ""
    ) -> String {
        #"{"id":"\#(id)","type":"\#(type)","alternateId":"\#(login)","displayName":"\#(name)"\#(more)}"#
    }
}

extension JSON {
    /// The objects in a list.
    func objects(_ path: String) -> [JSON] { (self[path] as? [Any] ?? []).map { JSON(value: $0) } }

    func matches(_ path: String, _ parts: String...) -> Bool { parts.allSatisfy { text(path)?.contains($0) ?? false } }
}

let recordCases: [RecordCase] = [
    // MARK: The record has the reason for the event
    RecordCase(
        "the record of a user's risk has the detection's name and reasons",
        [
            oktaEvent(
                "user.risk.detect", actor: people.okta, target: "[\(people.two)]",
                debug:
                    #"{"risk":"{level=HIGH, previousLevel=LOW, detectionName=Suspected Brute Force Attack, reasons=Suspected brute-force attack based on sign-in failures, issuer=Okta}"}"#,
                client: "")
        ]
    ) {
        $0.matches("risk_details", "Suspected Brute Force Attack", "sign-in failures")
            && $0.text("finding_info.title") == "Suspected Brute Force Attack" && $0["is_alert"] as? Bool == true
            && $0.number("severity_id") == 4
    },
    RecordCase(
        "behaviors are in risk_details even if the event has no risk level",
        [
            oktaEvent(
                "user.session.start",
                debug: #"{"behaviors":"{New Geo-Location=POSITIVE, New Device=POSITIVE, Velocity=NEGATIVE}"}"#)
        ]
    ) { $0.matches("risk_details", "New Device=POSITIVE", "Velocity=NEGATIVE") && $0["risk_level_id"] == nil },
    RecordCase(
        "behaviors in logOnlySecurityData are in the record",
        [
            oktaEvent(
                "policy.evaluate_sign_on",
                debug:
                    #"{"logOnlySecurityData":"{\"risk\":{\"reasons\":\"Anomalous Device\",\"level\":\"MEDIUM\"},\"behaviors\":{\"New Device\":\"POSITIVE\",\"New IP\":\"POSITIVE\"}}"}"#
            )
        ]
    ) {
        $0.matches("risk_details", "reasons: Anomalous Device", "New Device=POSITIVE, New IP=POSITIVE")
            && $0.number("risk_level_id") == 2
    },
    RecordCase(
        "the reasons for a risk are in risk_details",
        [
            oktaEvent(
                "user.session.start", debug: #"{"risk":"{reasons=Anomalous Location, Anomalous Device, level=HIGH}"}"#)
        ]
    ) { $0.matches("risk_details", "Anomalous Location, Anomalous Device") && $0.number("risk_level_id") == 3 },
    RecordCase(
        "reasons are in the record, whichever member of the event has them",
        [
            oktaEvent(
                "user.risk.change", actor: people.okta, target: "[\(people.two)]",
                debug:
                    #"{"risk":"{previousLevel=LOW, level=HIGH, detectionName=Session Influenced User Risk, reasons=Associated sessionId is suspected to be hijacked, issuer=OKTA}"}"#
            ),
            oktaEvent(
                "policy.evaluate_sign_on",
                debug:
                    #"{"logOnlySecurityData":"{\"risk\":{\"level\":\"HIGH\",\"reasons\":\"Anomalous Device\"},\"behaviors\":{\"New Device\":\"POSITIVE\"}}"}"#,
                more: #"outcome={"result":"CHALLENGE"}"#),
        ]
    ) { !($0.text("risk_details") ?? "").isEmpty },
    RecordCase(
        "logOnlySecurityData gives the same values as an object and as text",
        [
            oktaEvent(
                "user.session.access_admin_app",
                debug: #"{"logOnlySecurityData":{"risk":{"level":"HIGH"},"behaviors":{"New Device":"POSITIVE"}}}"#)
        ]
    ) { $0.number("risk_level_id") == 3 && $0.matches("risk_details", "New Device=POSITIVE") },
    RecordCase(
        "if a user reports an activity, the suspicious address is in `evidences`",
        [
            oktaEvent(
                "user.account.report_suspicious_activity_by_enduser", actor: people.two, target: "[\(people.two)]",
                debug:
                    #"{"suspiciousActivityEventType":"user.session.start","suspiciousActivityEventIp":"198.51.100.7","suspiciousActivityEventCountry":"Russia","suspiciousActivityEventId":"ev1"}"#
            )
        ]
    ) {
        $0.objects("evidences").map { $0.text("src_endpoint.ip") } == ["198.51.100.7"]
            && $0.objects("finding_info.related_events").map { $0.text("uid") } == ["ev1"]
            && $0.objects("observables").contains {
                $0.text("name") == "resources[0].ip" && $0.text("value") == "203.0.113.9"
            }
    },
    RecordCase(
        "the ATT&CK tags of a finding are in attacks and in finding_info.attacks",
        [
            oktaEvent(
                "user.account.report_suspicious_activity_by_enduser", actor: people.two, target: "[\(people.two)]",
                debug: #"{"suspiciousActivityEventIp":"198.51.100.7"}"#)
        ]
    ) {
        $0.text("finding_info.attacks.0.technique.uid") == "T1078" && $0.text("attacks.0.technique.uid") == "T1078"
    },
    RecordCase(
        "the record has the type and the operator of the client's proxy",
        [
            oktaEvent(
                "user.session.start",
                debug:
                    #"{"proxyType":"tor","tunnels":"[{\"operator\":\"NORD_VPN\",\"type\":\"VPN\",\"anonymous\":true}]"}"#,
                client: "198.51.100.66", more: #"securityContext={"isProxy":true}"#)
        ]
    ) {
        $0.objects("enrichments").contains {
            $0.text("type") == "proxy" && $0.text("name") == "src_endpoint.ip" && $0.text("value") == "198.51.100.66"
                && $0.text("data.proxy_type") == "tor" && $0.text("data.services.0.operator") == "NORD_VPN"
        }
    },
    RecordCase(
        "if an entity risk policy is evaluated, the decision is the action of the matching rule",
        [
            oktaEvent(
                "policy.entity_risk.evaluate", actor: people.okta,
                target:
                    "[\(people.two),\(people.target("pol1", "Policy", "Entity Risk Policy")),\(people.target("rul1", "Rule", "Test rule", more: #","detailEntry":{"ruleAction":"TERMINATE_ALL_SESSIONS"}"#))]"
            )
        ]
    ) {
        $0.objects("authorizations").contains { $0.text("decision") == "TERMINATE_ALL_SESSIONS" }
            && $0.objects("authorizations").contains { $0.text("policy.name") == "Entity Risk Policy" }
    },
    RecordCase(
        "the record of a denied push notification has the push factor",
        [oktaEvent("user.mfa.okta_verify.deny_push", target: "[\(people.three)]")]
    ) { $0.objects("auth_factors").contains { $0.number("factor_type_id") == 5 } },
    RecordCase(
        "if somebody gets an admin role, the record has the user and the role",
        [
            oktaEvent(
                "iam.resourceset.bindings.add", actor: people.four,
                target:
                    "[\(people.target("iamset1", "RESOURCE_SET", "All apps")),\(people.target("cr01", "ROLE", "App Ops")),\(people.two)]"
            )
        ]
    ) {
        $0.number("class_uid") == 3005 && $0.number("activity_id") == 1
            && $0.text("user.name") == "user.two@example.com" && $0.texts("privileges").contains("App Ops")
    },
    RecordCase(
        "if an administrator looks at a password, the record has the application of the password",
        [
            oktaEvent(
                "application.user_membership.show_password", actor: people.four,
                target:
                    "[\(people.target("0ua1", "AppUser", "User Two", "user.two@example.com")),\(people.target("0oasf0001", "AppInstance", "Salesforce", "Salesforce")),\(people.two)]"
            )
        ]
    ) { record in
        record.text("user.name") == "user.two@example.com"
            && record.objects("enrichments").contains { $0.text("value") == "Salesforce" }
    },
    RecordCase(
        "if a program gets an access token, the record has the program with the requested and the granted scopes",
        ["openid, okta.users.manage", "openid okta.users.manage"].map {
            oktaEvent(
                "app.oauth2.token.grant.access_token",
                actor: people.target("0oasvc01", "PublicClientAppEntity", "Sync", "sync"),
                debug: #"{"grantType":"client_credentials","requestedScopes":"\#($0)","grantedScopes":"\#($0)"}"#)
        }
    ) { record in
        record.objects("enrichments").contains {
            $0.text("type") == "oauth_grant" && $0.text("name") == "user.uid" && $0.text("value") == "0oasvc01"
                && $0.text("data.grant_type") == "client_credentials"
                && $0.texts("data.granted_scopes") == ["openid", "okta.users.manage"]
                && $0.texts("data.requested_scopes") == ["openid", "okta.users.manage"]
        }
    },
    RecordCase(
        "if a policy rule changes, the record's entity is the rule, and entity.policy is its policy",
        ["policy.rule.delete", "policy.rule.update"].map {
            oktaEvent(
                $0, actor: people.four,
                target:
                    "[\(people.target("pol1", "PolicyEntity", "Default policy")),\(people.target("rul1", "PolicyRule", "Require MFA", more: $0.hasSuffix("update") ? #","changeDetails":{"from":{"rank":1},"to":{"rank":2}}"# : ""))]"
            )
        }
    ) {
        $0.text("entity.name") == "Require MFA" && $0.text("entity.type") == "PolicyRule"
            && $0.text("entity.policy.name") == "Default policy" && $0.text("entity.policy.uid") == "pol1"
    },
    // MARK: The record says nothing false
    RecordCase(
        "if a user's risk has fallen, the record is no alert",
        [
            oktaEvent(
                "user.risk.change", actor: people.okta, target: "[\(people.two)]",
                debug: #"{"risk":"{level=LOW, previousLevel=HIGH, reasons=Admin reset, issuer=Okta}"}"#,
                more: #"severity="WARN""#)
        ]
    ) {
        $0["is_alert"] as? Bool != true && $0.number("severity_id") ?? 9 <= 2 && $0.number("activity_id") == 2
            && $0.number("status_id") == 4
    },
    RecordCase(
        "a password alone does not set is_mfa in an event of Identity Engine",
        [
            oktaEvent(
                "user.authentication.auth_via_mfa",
                target:
                    "[\(people.three),\(people.target("lae1", "AuthenticatorEnrollment", "Password", more: #","detailEntry":{"methodTypeUsed":"Password"}"#))]",
                debug: #"{"factor":"PASSWORD_AS_FACTOR"}"#)
        ]
    ) { $0["is_mfa"] as? Bool != true && $0.objects("auth_factors").count == 1 },
    RecordCase(
        "a password alone does not set is_mfa, whether it was accepted or not",
        [
            oktaEvent(
                "user.authentication.auth_via_mfa", target: "[\(people.three)]",
                debug: #"{"factor":"PASSWORD_AS_FACTOR","factorIntent":"AUTHENTICATION"}"#),
            oktaEvent(
                "user.authentication.auth_via_mfa", debug: #"{"factor":"PASSWORD_AS_FACTOR"}"#,
                more: #"outcome={"result":"FAILURE","reason":"INVALID_CREDENTIALS"}"#),
        ]
    ) { $0["is_mfa"] as? Bool != true },
    RecordCase(
        "an actor that is an IP address is not recorded as a user",
        [
            oktaEvent(
                "security.threat.detected", actor: people.target("198.51.100.99", "IP address", "198.51.100.99"),
                debug: #"{"threatSuspected":"true","threatDetections":"{\"Password Spray\":\"HIGH\"}"}"#,
                client: "198.51.100.99",
                more: #"outcome={"result":"DENY","reason":"Password Spray"}"# + "\nauthenticationContext={}")
        ]
    ) { record in
        record["actor.user"] == nil
            && record.objects("observables").allSatisfy {
                $0.number("type_id") != 4 || $0.text("value") != "198.51.100.99"
            } && record.text("evidences.0.src_endpoint.ip") == "198.51.100.99"
            && record.matches("risk_details", "Password Spray=HIGH")
    },
    RecordCase(
        "the record of feedback on a finding has the uid of that finding",
        [
            oktaEvent(
                "analytics.feedback.provide", actor: people.four, target: "[\(people.two)]",
                debug: #"{"eventUuid":"721b1961-f0a6-11ee-bfa6-c1c3bad801a3","label":"false_positive"}"#)
        ]
    ) {
        $0.text("finding_info.uid") == "721b1961-f0a6-11ee-bfa6-c1c3bad801a3"
            && $0.text("finding_info.related_events.0.uid") == "721b1961-f0a6-11ee-bfa6-c1c3bad801a3"
            && $0["is_alert"] == nil && $0.number("evidences.0.verdict_id") == 1
    },
    RecordCase(
        "the client's own address is not listed as an intermediate, wherever the ipChain has it",
        [
            oktaEvent(
                "user.session.start", client: "203.0.113.20",
                more: #"request={"ipChain":[{"ip":"198.51.100.1"},{"ip":"203.0.113.20"}]}"#),
            oktaEvent(
                "user.session.start", client: "203.0.113.20",
                more: #"request={"ipChain":[{"ip":"198.51.100.1"},{"ip":"203.0.113.20"},{"ip":"192.0.2.77"}]}"#),
        ]
    ) {
        let hops = $0.texts("src_endpoint.intermediate_ips")
        return !hops.contains("203.0.113.20") && hops.contains("198.51.100.1")
    },
    RecordCase(
        "a time whose offset has no colon is read",
        [
            oktaEvent("user.session.start", more: #"published="2026-03-04T05:06:07+0000""#),
            oktaEvent("user.session.start", more: #"published="2026-03-04T05:06:07.890-0330""#),
        ]
    ) { $0.number("time") ?? .max < 1_795_000_000_000 && $0["metadata.labels"] == nil },
    RecordCase(
        "if a user's session changes, its id is in `session`, and not in `actor.session`",
        [
            oktaEvent(
                "user.session.context.change", actor: people.okta,
                target: "[\(people.two),{\"id\":\"idxBobSession\",\"type\":\"Session\"}]",
                debug: #"{"externalSessionId":"idxBobSession","risk":"{reasons=New IP, level=HIGH}"}"#,
                more: #"authenticationContext={"externalSessionId":"unknown"}"#)
        ]
    ) { $0.text("session.uid") == "idxBobSession" && $0["actor.session"] == nil },
    RecordCase(
        "if an administrator signs a user out, the administrator's session is in `actor.session`, and not in `session`",
        [oktaEvent("user.session.clear", actor: people.three, target: "[\(people.two)]")]
    ) { $0["session"] == nil && $0.text("actor.session.uid") == "idxExt01" },
    RecordCase(
        "with flatten_unmapped, the old and the new state of an entity are texts, whatever their JSON type",
        [#"{"policyPriority":1}"#, #"{"policyPriority":"first"}"#, #"["x"]"#].map {
            oktaEvent(
                "policy.lifecycle.update",
                target:
                    "[\(people.target("p", "PolicyEntity", "P", more: #","changeDetails":{"from":\#($0),"to":\#($0)}"#))]"
            )
        }, NormalizerSettings(rawData: false, flattenUnmapped: true)
    ) { $0["entity.data"] is String && $0["entity_result.data"] is String },
    // MARK: Each record says who acted, and from where
    RecordCase(
        "the record of an application error has the client's address",
        [
            oktaEvent(
                "system.operation.rate_limit.violation", target: "[\(people.target("b1", "Bucket", "/api/v1/users"))]",
                client: "198.51.100.77")
        ]
    ) {
        $0.text("device.ip") == "198.51.100.77"
            && $0.objects("observables").contains {
                $0.number("type_id") == 2 && $0.text("name") == "device.ip" && $0.text("value") == "198.51.100.77"
            }
    },
    RecordCase(
        "if a consent event has no user as target, the record has the actor, the address and the scopes",
        [
            oktaEvent(
                "app.oauth2.consent.grant", actor: people.two,
                target:
                    "[\(people.target("0oasf0001", "AppInstance", "Salesforce")),\(people.target("oag1", "ConsentGrant", "okta.users.manage"))]"
            )
        ]
    ) {
        $0.number("class_uid") == 3004 && $0.text("src_endpoint.ip") == "203.0.113.9"
            && $0.text("actor.user.name") == "user.two@example.com"
            && $0.objects("enrichments").contains { $0.texts("data.privileges") == ["okta.users.manage"] }
    },
    RecordCase(
        "if the password of a server account changes, the record's entity is the account",
        [
            oktaEvent(
                "pam.password.change", actor: people.two,
                target: "[\(people.target("sa1", "ServerAccount", "root@prod-db-1"))]")
        ]
    ) {
        $0.number("class_uid") == 3004 && $0.number("activity_id") == 3 && $0.text("entity.name") == "root@prod-db-1"
            && $0["src_endpoint.ip"] != nil
    },
    RecordCase(
        "if a password reset is requested by SMS, the record has the user and the address of the request",
        [
            oktaEvent(
                "system.sms.send_password_reset_message", actor: people.two, target: "[\(people.two)]",
                client: "198.51.100.77")
        ]
    ) {
        $0.number("class_uid") != 0 && $0.text("src_endpoint.ip") == "198.51.100.77"
            && $0.text("user.name") == "user.two@example.com"
    },
    RecordCase(
        "if a device stops sending signals, the record's entity is the device with its user",
        [
            oktaEvent(
                "device.signals.status.timeout", actor: people.target("guv1", "UDDevice", "U3-LAPTOP"),
                target: "[\(people.two)]")
        ]
    ) {
        $0.number("class_uid") == 3004 && $0.number("entity.type_id") == 1 && $0.text("entity.uid") == "guv1"
            && $0.text("entity.user.name") == "user.two@example.com" && $0["actor.user"] == nil
    },
    RecordCase(
        "if access for Okta's support is granted or revoked, the record has the client's address",
        ["grant", "revoke"].map {
            oktaEvent(
                "user.session.impersonation.\($0)", target: "[\(people.target("09765432", "CaseNumber", "09765432"))]",
                client: "203.0.113.20")
        }
    ) { $0.number("class_uid") != 0 && $0.text("src_endpoint.ip") == "203.0.113.20" },
]

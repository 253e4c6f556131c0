import Foundation
import Testing

@testable import OCSF

/// A sign-in event as Okta writes it.
func signIn(_ changes: [String: Any?] = [:]) throws -> String {
    var event: [String: Any] = [
        "uuid": "5c1f6c2e-1111-11f1-9a3b-0242ac120002", "published": "2026-11-23T20:09:19.123Z",
        "eventType": "user.session.start", "version": "0", "severity": "INFO", "displayMessage": "User login to Okta",
        "legacyEventType": "core.user_auth.login_success",
        "actor": [
            "id": "00uada", "type": "User", "alternateId": "ada@example.com", "displayName": "Ada Lovelace",
            "detailEntry": NSNull(),
        ],
        "client": [
            "userAgent": ["rawUserAgent": "Mozilla/5.0 (X11)", "os": "Windows 11", "browser": "CHROME"], "zone": "null",
            "device": "Computer", "id": NSNull(), "ipAddress": "203.0.113.9",
            "geographicalContext": [
                "city": "Zürich", "state": "Zurich", "country": "Switzerland", "postalCode": "8001",
                "geolocation": ["lat": 47.25, "lon": 8.5],
            ],
        ],
        "outcome": ["result": "SUCCESS", "reason": NSNull()],
        "authenticationContext": [
            "authenticationStep": 0, "externalSessionId": "idxSession", "rootSessionId": "idxRoot",
        ],
        "securityContext": [
            "asNumber": 64500, "asOrg": "example net", "isp": "example isp", "domain": ".", "isProxy": false,
        ],
        "debugContext": [
            "debugData": [
                "requestId": "req1", "requestUri": "/idp/idx/identify", "url": "/idp/idx/identify?a=b&c",
                "threatSuspected": "false",
                "behaviors": "{New Device=NEGATIVE}", "risk": "{level=LOW}", "dtHash": "d7", "custom": "left",
            ]
        ],
        "transaction": ["type": "WEB", "id": "tx1", "detail": [String: Any]()],
        "request": [
            "ipChain": [["ip": "203.0.113.9", "version": "V4"], ["ip": "198.51.100.7", "version": "V4"], ["ip": "x"]]
        ],
        "target": [["id": "0oapp", "type": "AppInstance", "displayName": "Wiki", "alternateId": "wiki"]],
    ]
    for (key, value) in changes { event[key] = value }
    return String(
        decoding: try JSONSerialization.data(withJSONObject: event, options: [.sortedKeys, .withoutEscapingSlashes]),
        as: UTF8.self)
}

@Suite("records") struct RecordTests {
    @Test("a sign-in becomes an Authentication record with everything that Okta said")
    func authentication() throws {
        let record = try record(try signIn())
        #expect(record.number("class_uid") == 3002)
        #expect(record.number("type_uid") == 300_201)
        #expect(record.text("type_name") == "Authentication: Logon")
        #expect(record.text("metadata.uid") == "5c1f6c2e-1111-11f1-9a3b-0242ac120002")
        #expect(record.text("metadata.original_event_uid") == "5c1f6c2e-1111-11f1-9a3b-0242ac120002")
        #expect(record.text("metadata.original_time") == "2026-11-23T20:09:19.123Z")
        #expect(record.text("metadata.event_code") == "user.session.start")
        #expect(record.text("metadata.correlation_uid") == "tx1")
        #expect(record.text("metadata.tenant_uid") == "acme.okta.com")
        #expect(record["metadata.labels"] == nil)
        #expect(record.texts("metadata.profiles") == ["security_control"])
        #expect(record.number("time") == 1_795_464_559_123)
        #expect(record.number("severity_id") == 1)
        #expect(record.number("status_id") == 1)
        #expect(record.text("status_code") == "SUCCESS")
        #expect(record.text("message") == "User login to Okta")
        #expect(record.text("actor.user.name") == "ada@example.com")
        #expect(record.text("user.email_addr") == "ada@example.com")
        #expect(record.text("user.domain") == "example.com")
        #expect(record.number("user.type_id") == 1)
        #expect(record.text("session.uid") == "idxSession")
        #expect(record.text("session.uid_alt") == "idxRoot")
        #expect(record.text("src_endpoint.ip") == "203.0.113.9")
        #expect(record.text("src_endpoint.location.country") == "CH")
        #expect(record.text("src_endpoint.location.city") == "Zürich")
        #expect(record.number("src_endpoint.autonomous_system.number") == 64500)
        #expect(record.number("src_endpoint.os.type_id") == 100)
        #expect(record["src_endpoint.domain"] == nil)
        #expect(record.texts("src_endpoint.intermediate_ips") == ["198.51.100.7"])
        #expect(record.texts("http_request.x_forwarded_for") == ["203.0.113.9", "198.51.100.7"])
        #expect(record.text("http_request.url.path") == "/idp/idx/identify")
        #expect(record.text("http_request.url.query_string") == "a=b&c")
        #expect(record.text("http_request.url.hostname") == "acme.okta.com")
        #expect(record.text("http_request.uid") == "req1")
        #expect(record.number("risk_level_id") == 1)
        #expect(record.text("service.name") == "Wiki")
        #expect(record.text("unmapped.debugContext.debugData.custom") == "left")
        #expect(record.text("unmapped.legacyEventType") == "core.user_auth.login_success")
        #expect(record["unmapped.actor"] == nil)
        #expect(record["unmapped.debugContext.debugData.requestUri"] == nil)
    }

    @Test("the raw event is in the record byte for byte, with its size")
    func rawData() throws {
        let event = "{ \"uuid\":\"u\",\t\"x\":\"\\u00e9 \\\"é\",\r\n\"y\" : [1 , null]}"
        let record = try record(event)
        #expect(record.text("raw_data") == event)
        #expect(record.number("raw_data_size") == event.utf8.count)
        #expect(record.text("raw_data_hash.value")?.count == 64)
        let without = try OCSFTests.record(event, NormalizerSettings(rawData: false, observables: false))
        #expect(without["raw_data"] == nil)
        #expect(without["observables"] == nil)
    }

    @Test("every character that needs an escape is escaped, wherever it is in a long event")
    func rawDataEscapes() throws {
        let escapes = ["\\\"", "\\\\", "\\u0007", "\\n\\t"]
        for offset in 0..<200 {
            let text = String(repeating: "a", count: offset) + escapes[offset % 4] + String(repeating: "é", count: 70)
            let event = "{\"uuid\":\"u\",\r\n\"x\":\"\(text)\",\"y\":\"\(escapes.joined())\"}"
            #expect(try record(event).text("raw_data") == event)
        }
    }

    @Test(
        "if an event has no usable uuid, the record gets a uid computed from the event's bytes, and a label",
        arguments: [
            "{\"eventType\":\"x\"}", "{\"uuid\":\"\"}", "{\"uuid\":null}", "{\"uuid\":7}", "{\"uuid\":\"null\"}",
            "{\"uuid\":[\"a\"]}",
        ])
    func derivedUID(event: String) throws {
        let first = try record(event)
        let uid = try #require(first.text("metadata.uid"))
        let parts = uid.split(separator: "-").map(\.count)
        #expect(parts == [8, 4, 4, 4, 12])
        #expect(uid.dropFirst(14).first == "8")
        #expect(first.texts("metadata.labels").contains("uid_derived_from_event"))
        #expect(first["metadata.original_event_uid"] == nil)
        #expect(try record(event).text("metadata.uid") == uid)
        #expect(try record(event.dropLast() + " }").text("metadata.uid") != uid)
    }

    @Test("if `published` is missing or unreadable, the record gets the time of collection, and a label")
    func missingPublished() throws {
        for published in ["", "\"published\":null,", "\"published\":\"2026-02-30T00:00:00Z\",", "\"published\":17,"] {
            let record = try record("{\(published)\"uuid\":\"u\"}")
            #expect(record.number("time") == Int(collectedAt))
            #expect(record.texts("metadata.labels") == ["time_of_collection"])
        }
        let zoneless = try record("{\"published\":\"2022-03-22 14:21:53.225\",\"uuid\":\"u\"}")
        #expect(zoneless.number("time") == 1_647_958_913_225)
        #expect(zoneless.texts("metadata.labels") == ["time_zone_assumed_utc"])
    }

    @Test("if an event lacks what its class requires, the record has a similar class, and no user is invented")
    func fallback() throws {
        let record = try record(try signIn(["eventType": "user.lifecycle.create", "target": [Any]()]))
        #expect(record.number("class_uid") == 3004)
        #expect(record.number("activity_id") == 1)
        #expect(record.text("entity.name") == "user.lifecycle")
        #expect(record.texts("metadata.labels") == ["class_not_fillable"])
        #expect(record["user"] == nil)
        #expect(record["entity.user"] == nil)
        #expect(record.text("actor.user.name") == "ada@example.com")
        #expect(record.text("src_endpoint.ip") == "203.0.113.9")
    }

    @Test("if an administrator signs a user out, `user` is the user, and `actor` is the administrator")
    func subjectIsTarget() throws {
        let target: [Any] = [["id": "00ubob", "type": "User", "alternateId": "bob@example.com", "displayName": "Bob"]]
        let record = try record(try signIn(["eventType": "user.session.clear", "target": target]))
        #expect(record.number("activity_id") == 2)
        #expect(record.text("user.name") == "bob@example.com")
        #expect(record.text("actor.user.name") == "ada@example.com")
    }

    @Test(
        "each of Okta's outcomes becomes the right OCSF status",
        arguments: [
            ("user.session.start", "SUCCESS", 1, nil), ("user.session.start", "FAILURE", 2, nil),
            ("user.session.start", "ALLOW", 1, 1),
            ("user.session.start", "DENY", 2, 2), ("user.session.start", "CHALLENGE", 99, 23),
            ("user.session.start", "SKIPPED", 99, nil),
            ("user.session.start", "UNKNOWN", 0, nil), ("user.session.start", "Success", 1, nil),
            ("application.policy.sign_on.deny_access", "SUCCESS", 2, 2),
            ("app.generic.unauth_app_access_attempt", "SUCCESS", 2, 26),
            ("user.mfa.okta_verify.deny_push", "SUCCESS", 2, nil),
        ] as [(String, String, Int, Int?)])
    func outcome(type: String, result: String, status: Int, disposition: Int?) throws {
        let record = try record(try signIn(["eventType": type, "outcome": ["result": result, "reason": "why"]]))
        #expect(record.number("status_id") == status)
        #expect(record.text("status") == [0: "Unknown", 1: "Success", 2: "Failure", 99: result][status])
        #expect(record.number("disposition_id") == disposition)
        #expect(record.text("status_detail") == "why")
    }

    @Test("a list of granted roles is split at commas outside of parentheses")
    func privileges() throws {
        let target: [Any] = [["id": "00ubob", "type": "User", "alternateId": "bob@example.com", "displayName": "Bob"]]
        let record = try record(
            try signIn([
                "eventType": "user.account.privilege.grant", "target": target,
                "debugContext": ["debugData": ["privilegeGranted": "Group admin (a, b), Help desk , "]],
            ]))
        #expect(record.number("class_uid") == 3005)
        #expect(record.texts("privileges") == ["Group admin (a, b)", "Help desk"])
    }

    @Test("a changed entity has its earlier state in `entity` and its new state in `entity_result`")
    func changes() throws {
        let target: [Any] = [
            [
                "id": "00p1", "type": "PolicyRule", "displayName": "Rule 1",
                "changeDetails": ["from": ["rank": 1, "none": NSNull()], "to": ["rank": 2]],
            ]
        ]
        let record = try record(try signIn(["eventType": "policy.rule.update", "target": target]))
        #expect(record.number("class_uid") == 3004)
        #expect(
            record.text("entity.data") == "{\"rank\":1}", "the state is stored as a string of JSON")
        #expect(record.text("entity_result.data") == "{\"rank\":2}")
        #expect(record.number("entity.type_id") == 99)
        #expect(record.text("entity.type") == "PolicyRule")
        #expect(record.text("unmapped.target.0.displayName") == "Rule 1")
    }

    @Test("a changed account has its earlier values in `user` and its new values in `user_result`")
    func changedUser() throws {
        let target: [Any] = [
            [
                "id": "00ubob", "type": "User", "alternateId": "bob@example.com", "displayName": "Bob",
                "changeDetails": [
                    "from": ["login": "bob@old.example"],
                    "to": ["login": "bob@example.com", "displayName": "Robert", "email": "rob@example.com", "x": 1],
                ],
            ]
        ]
        let record = try record(try signIn(["eventType": "user.account.update_profile", "target": target]))
        #expect(record.number("class_uid") == 3001)
        #expect(record.text("user.name") == "bob@old.example")
        #expect(record.text("user.full_name") == "Bob")
        #expect(record.text("user.email_addr") == "bob@old.example")
        #expect(record.text("user_result.uid") == "00ubob")
        #expect(record.text("user_result.name") == "bob@example.com")
        #expect(record.text("user_result.full_name") == "Robert")
        #expect(record.text("user_result.email_addr") == "rob@example.com")
        #expect(record.number("unmapped.target.0.changeDetails.to.x") == 1)
        let mere = try OCSFTests.record(
            try signIn([
                "eventType": "user.account.update_profile",
                "target": [["id": "00ubob", "type": "User", "changeDetails": ["to": ["status": "ACTIVE"]]]],
            ]))
        #expect(mere["user_result"] == nil)
    }

    @Test("the record of a token grant has the token's kind and expiry, and the id of the API token of the request")
    func tokens() throws {
        let target: [Any] = [
            [
                "id": "AT1", "type": "refresh_token", "displayName": "Refresh Token",
                "detailEntry": ["expires": "2026-11-23T21:09:19.000Z"],
            ]
        ]
        let record = try record(
            try signIn([
                "eventType": "app.oauth2.token.grant.refresh_token", "target": target,
                "transaction": ["id": "t", "detail": ["requestApiTokenId": "00Tx"]],
            ]), NormalizerSettings(datetime: true))
        #expect(record.number("authentication_token.type_id") == 4)
        #expect(record.text("authentication_token.uid") == "AT1")
        #expect(record.number("authentication_token.expiration_time") == 1_795_468_159_000)
        #expect(record.text("authentication_token.expiration_time_dt")?.hasPrefix("2026-11-23T21:09:19") ?? false)
        #expect(record.text("actor.session.credential_uid") == "00Tx")
        #expect(record["unmapped.transaction.detail"] == nil)
    }

    @Test("if Okta detects a high risk, the finding has severity High, and the request is in `evidences`")
    func finding() throws {
        let record = try record(
            try signIn([
                "eventType": "user.risk.detect", "outcome": ["result": "SUCCESS", "reason": "new device"],
                "debugContext": ["debugData": ["risk": "{reasons=Anomalous Device, Location, level=HIGH}"]],
            ]))
        #expect(record.number("class_uid") == 2004)
        #expect(record.number("severity_id") == 4)
        #expect(record.number("status_id") == 1)
        #expect(record.text("finding_info.desc") == "new device")
        #expect(record.text("finding_info.uid") == record.text("metadata.uid"))
        #expect(record.text("evidences.0.src_endpoint.ip") == "203.0.113.9")
    }

    @Test("with flatten_unmapped, each member of `unmapped` is a string")
    func flattened() throws {
        let record = try record(try signIn(), NormalizerSettings(flattenUnmapped: true))
        let text = try #require(record.text("unmapped.debugContext"))
        #expect(try JSON(text).text("debugData.custom") == "left")
        #expect(record.text("unmapped.legacyEventType") == "core.user_auth.login_success")
    }

    @Test("metadata.uid is found without reading the rest of the record")
    func uid() throws {
        let sink = try normalize(Array(try signIn(["uuid": "a\"b\\é"]).utf8))
        let made = sink.records[0]
        let text = Array(made.text.utf8)
        let found = text.withUnsafeBytes { recordUID(of: $0).map { String(decoding: $0, as: UTF8.self) } }
        #expect(found == "a\\\"b\\\\é")
        #expect(String(decoding: text[made.head.uid], as: UTF8.self) == found)
        #expect([UInt8]("{\"metadata\":{}}".utf8).withUnsafeBytes { recordUID(of: $0) == nil })
        #expect([UInt8]("{\"metadata\":{\"uid\":\"abc".utf8).withUnsafeBytes { recordUID(of: $0) == nil })
    }

    @Test("a rejected event becomes one line of JSON that contains the complete event")
    func rejected() throws {
        let event = Array("{\"a\":\"\t\u{01}é\"}".utf8)
        let sink = try normalize(event)
        let line = event.withUnsafeBytes { sink.rejections[0].rejection.line(event: $0, offset: 99, collectedAt: 5) }
        let parsed = try JSON(String(decoding: line, as: UTF8.self))
        #expect(parsed.text("reason") == "controlCharacter")
        #expect(parsed.number("offset") == 99)
        #expect(parsed.number("collected_at") == 5)
        #expect(parsed.text("event") == String(decoding: event, as: UTF8.self))
    }
}

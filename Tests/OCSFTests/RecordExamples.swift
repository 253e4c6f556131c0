import Foundation

@testable import OCSF

/// A realistic event for each class, and further events so that every field of the schema occurs in some record.
enum RecordExamples {
    static let network = MyNetwork(
        domains: ["example.com"],
        ranges: [MyNetwork.AddressRange(address: [203, 0, 113, 0], prefixLength: 24)].compactMap(\.self))

    static var ada: [String: Any] {
        [
            "id": "00uada", "type": "User", "alternateId": "ada@example.com", "displayName": "Ada Lovelace",
        ]
    }
    static var bob: [String: Any] {
        [
            "id": "00ubob", "type": "User", "alternateId": "bob@partner.example", "displayName": "Bob Noyce",
        ]
    }
    static var wiki: [String: Any] {
        [
            "id": "0oawiki", "type": "AppInstance", "alternateId": "Wiki", "displayName": "Wiki",
        ]
    }
    static var staff: [String: Any] {
        [
            "id": "00gstaff", "type": "UserGroup", "alternateId": "unknown", "displayName": "Staff",
        ]
    }
    static var mac: [String: Any] {
        [
            "id": "guomac", "name": "Ada's MacBook", "os_platform": "MACOS", "os_version": "15.1", "managed": true,
            "registered": true,
        ]
    }

    /// The examples in the order of `OCSFKind`, each with its class.
    static func events() throws -> [(kind: OCSFKind, event: String)] {
        [
            (
                .base,
                try event(
                    "system.sms.receive_status", "Receive SMS status", [bob], ["actor": ada])
            ),
            (
                .finding,
                try event(
                    "user.account.report_suspicious_activity_by_enduser",
                    "User report suspicious activity", [bob],
                    [
                        "severity": "WARN",
                        "debugContext": [
                            "debugData": [
                                "requestId": "Z0Ycx1aBf", "risk": "{reasons=Anomalous Device, level=HIGH}",
                                "behaviors": "{New Device=POSITIVE}",
                                "suspiciousActivityEventType": "user.session.start",
                                "suspiciousActivityEventId": "0616ce65-f273-11ea-8b81-7f62fd469322",
                                "suspiciousActivityEventIp": "198.51.100.7", "suspiciousActivityOs": "Linux",
                                "suspiciousActivityEventCity": "Lyon", "suspiciousActivityEventState": "Rhône",
                                "suspiciousActivityEventCountry": "France",
                            ]
                        ],
                    ])
            ),
            (
                .account,
                try event(
                    "user.account.update_profile", "Update user profile for Okta",
                    [
                        bob.merging([
                            "changeDetails": [
                                "from": ["login": "bob@partner.example", "displayName": "Bob Noyce"],
                                "to": ["login": "bob@example.com", "displayName": "Robert Noyce"],
                            ]
                        ]) { $1 }
                    ], [:])
            ),
            (
                .authentication,
                try event(
                    "user.authentication.auth_via_mfa", "Authentication of user via MFA",
                    [
                        ada, wiki, ["id": "00ppol", "type": "PolicyEntity", "displayName": "Any two factors"],
                        ["id": "0prule", "type": "PolicyRule", "displayName": "Catch-all Rule"],
                    ],
                    [
                        "outcome": ["result": "ALLOW", "reason": "User verified"], "device": mac,
                        "debugContext": [
                            "debugData": [
                                "requestId": "Z0Ycx1aBf", "url": "/idp/idx/challenge/answer?stateHandle=x",
                                "requestUri": "/idp/idx/challenge/answer", "origin": "https://acme.okta.com",
                                "factor": "OKTA_VERIFY_PUSH", "risk": "{level=LOW}", "threatSuspected": "false",
                                "behaviors": "{New Device=NEGATIVE}", "dtHash": "d7a1", "signOnMode": "OpenID Connect",
                            ]
                        ],
                    ])
            ),
            (
                .entity,
                try event(
                    "policy.rule.update", "Update policy rule",
                    [
                        [
                            "id": "0prule", "type": "PolicyRule", "alternateId": "00ppol",
                            "displayName": "Catch-all Rule",
                            "changeDetails": ["from": ["ruleRank": 1], "to": ["ruleRank": 2]],
                        ]
                    ], [:])
            ),
            (
                .access,
                try event(
                    "user.account.privilege.grant", "Grant user privilege", [bob],
                    [
                        "debugContext": [
                            "debugData": [
                                "privilegeGranted": "Read-only administrator, Help desk administrator (Staff)"
                            ]
                        ]
                    ])
            ),
            (.group, try event("group.user_membership.add", "Add user to group membership", [bob, staff], [:])),
            (
                .email,
                try event("system.email.password_reset.sent_message", "Send password reset email", [bob], [:])
            ),
            (
                .webResources,
                try event(
                    "system.import.complete", "Complete import", [wiki],
                    [
                        "actor": [
                            "id": "00usystem", "type": "SystemPrincipal", "alternateId": "system@okta.com",
                            "displayName": "Okta System",
                        ]
                    ])
            ),
            (
                .api,
                try event(
                    "event_hook.delivery", "Deliver event hook",
                    [["id": "who1", "type": "EventHook", "displayName": "To the SIEM"]], [:])
            ),
            (
                .applicationError,
                try event(
                    "application.integration.rate_limit_exceeded", "Rate limit exceeded for application", [wiki],
                    ["severity": "WARN", "outcome": ["result": "FAILURE", "reason": "429 from the application"]])
            ),
        ]
    }

    /// Further events with the fields that the events above do not have.
    static func others() throws -> [String] {
        [
            try event(
                "app.oauth2.token.grant.access_token", "OIDC access token granted",
                [
                    [
                        "id": "AT1", "type": "access_token", "displayName": "Access Token",
                        "detailEntry": ["expires": "2026-11-23T21:09:19.000Z", "subject": "00uada"],
                    ]
                ],
                [
                    "actor": [
                        "id": "0oaclient", "type": "PublicClientApp", "alternateId": "0oaclient", "displayName": "CI",
                    ]
                ]),
            try event(
                "user.session.impersonation.initiate", "Initiate impersonation session", [bob],
                [
                    "transaction": ["id": "tx2", "type": "WEB", "detail": ["requestApiTokenId": "00Ttoken"]],
                    "client": [
                        "id": "0oaclient", "ipAddress": "10.1.2.3", "zone": "HQ", "device": "Mobile",
                        "userAgent": ["os": "iOS 18.1 (iPhone)"],
                    ],
                    "authenticationContext": [
                        "externalSessionId": "102x", "rootSessionId": "102y",
                        "authenticationProvider": "OKTA_AUTHENTICATION_PROVIDER",
                        "issuer": ["id": "00oissuer", "type": "IDP"],
                    ],
                    "securityContext": [
                        "asNumber": 64500, "asOrg": "example net", "isp": "example isp", "domain": "example.net",
                        "ipDetails": ["ipServiceCategories": [["type": "VPN"]]],
                    ],
                    "outcome": ["result": "SKIPPED"],
                    "debugContext": [
                        "debugData": [
                            "threatSuspected": "true", "deviceFingerprint": "f1", "ja3": "a", "ja4": "b",
                            "authMethodFirstType": "FIDO_WEBAUTHN", "authMethodSecondType": "carrier pigeon",
                        ]
                    ],
                ]),
            try event(
                "app.generic.unauth_app_access_attempt", "User attempted unauthorized access to app", [wiki], [:]),
            try event("user.session.start", "User login to Okta", [], ["outcome": ["result": "CHALLENGE"]]),
            try event("application.user_membership.add", "Add user to application membership", [bob, wiki], [:]),
            try event("group.privilege.grant", "Grant group privilege", [staff, wiki, bob], [:]),
            try event("user.lifecycle.create", "Create Okta user", [], ["published": "2026-11-23 20:09:19"]),
            try event(
                "analytics.feedback.provide", "Provide feedback", [bob],
                ["debugContext": ["debugData": ["eventUuid": "721b1961", "label": "false_positive"]]]),
            try event(
                "user.risk.change", "User risk changed", [bob],
                [
                    "actor": [
                        "id": "00usystem", "type": "SystemPrincipal", "alternateId": "system@okta.com",
                        "displayName": "Okta System",
                    ],
                    "debugContext": ["debugData": ["risk": "{level=LOW, previousLevel=HIGH, reasons=Admin reset}"]],
                ]),
            try event(
                "user.authentication.auth_via_IDP", "Authenticate user via IDP",
                [["id": "0oaidp", "type": "IdentityProvider", "displayName": "Partner"]],
                [
                    "authenticationContext": [
                        "authenticationProvider": "FEDERATION", "credentialType": "ASSERTION",
                        "issuer": ["id": "https://idp.partner.example", "type": "SAML2"],
                    ]
                ]),
            try event(
                "device.signals.status.timeout", "Device went silent", [bob],
                ["actor": ["id": "guomac", "type": "UDDevice", "displayName": "Ada's MacBook"]]),
            try event(
                "user.session.start", "User login to Okta", [],
                ["client": ["ipAddress": "203.0.113.9:4711", "device": "Computer"]]),
            try event("app.oauth2.consent.grant", "Consent", [wiki], [:]),
            try event("application.user_membership.show_password", "Show password", [bob, wiki], [:]),
        ]
            + (try ["User", "UserGroup", "PolicyEntity"].map { type in
                try event(
                    "zone.update", "Update zone",
                    [
                        [
                            "id": "x1", "type": type, "alternateId": "eve@example.com", "displayName": "Eve",
                            "changeDetails": ["from": ["a": 1], "to": ["a": 2]],
                        ]
                    ], [:])
            })
    }

    private static func event(
        _ type: String, _ message: String, _ targets: [[String: Any]], _ changes: [String: Any]
    ) throws -> String {
        try signIn(
            [
                "eventType": type, "displayMessage": message, "target": targets, "legacyEventType": NSNull(),
                "actor": ada,
                "request": [
                    "ipChain": [
                        ["ip": "203.0.113.9", "version": "V4"], ["ip": "198.51.100.7", "version": "V4"],
                    ]
                ],
            ].merging(changes) { $1 })
    }
}

import Foundation

/// The event that a management call adds to the org's log.
struct ActionEvent: Sendable {
    struct Target: Sendable {
        let id: String
        let type: String
        let alternateID: String
        let name: String
    }

    let type: String
    var targets: [Target]

    init(_ type: String, about user: OktaUser) {
        self.type = type
        targets = [Target(id: user.id, type: "User", alternateID: user.login, name: user.name)]
    }

    /// - Parameters:
    ///   - actor: the owner of the API token; nil if the caller is a service app.
    ///   - uuid: the event's uuid.
    func render(_ exchange: Exchange, _ principal: Principal, actor: Target?, uuid: String) -> [UInt8] {
        let catalog = Catalog.shared
        let known = catalog.indexByName[type].map { catalog.types[$0] }
        let target = exchange.request.target
        let path = String(exchange.request.path)
        var detail: [String: Any] = [:]
        var agentID: Any = NSNull()
        switch principal {
        case .token(let token): detail["requestApiTokenId"] = token.id
        case .app(let app): agentID = app.clientID
        }
        let place: [String: Any] = [
            "city": "Ashburn", "state": "Virginia", "country": "United States", "postalCode": "20149",
            "geolocation": ["lat": 39.0469, "lon": -77.4903],
        ]
        let event: [String: Any] = [
            "actor": Self.entity(actor ?? Self.target(principal)),
            "client": [
                "userAgent": [
                    "rawUserAgent": exchange.request.header("user-agent") ?? "", "os": "Unknown", "browser": "UNKNOWN",
                ], "zone": "null", "device": "Unknown", "id": agentID, "ipAddress": "192.0.2.10",
                "geographicalContext": place,
            ] as [String: Any],
            "device": NSNull(),
            "authenticationContext": [
                "authenticationProvider": NSNull(), "credentialProvider": NSNull(), "credentialType": NSNull(),
                "issuer": NSNull(), "interface": NSNull(), "authenticationStep": 0, "rootSessionId": NSNull(),
                "externalSessionId": "trs\(exchange.requestId.prefix(22))",
            ] as [String: Any],
            "displayMessage": known.map { String(decoding: $0.message, as: UTF8.self) } ?? type,
            "eventType": type, "outcome": ["result": "SUCCESS", "reason": NSNull()] as [String: Any],
            "published": Instant.text(exchange.now), "severity": known?.severity.description ?? "INFO",
            "securityContext": [
                "asNumber": 64_500, "asOrg": "example transit inc.", "isp": "example access  gmbh",
                "domain": "isp.example", "isProxy": false,
            ] as [String: Any],
            "debugContext": [
                "debugData": [
                    "requestId": exchange.requestId, "requestUri": path,
                    "url": target.contains("?") ? target : path + "?",
                    "threatSuspected": "false",
                ]
            ],
            "legacyEventType": known?.legacy.map { String(decoding: $0, as: UTF8.self) } ?? NSNull(),
            "transaction": ["type": "WEB", "id": exchange.requestId, "detail": detail] as [String: Any],
            "uuid": uuid, "version": "0",
            "request": [
                "ipChain": [
                    ["ip": "192.0.2.10", "geographicalContext": place, "version": "V4", "source": NSNull()]
                        as [String: Any]
                ]
            ],
            "target": targets.map(Self.entity),
        ]
        return ManagementAnswer.bytes(event)
    }

    private static func target(_ principal: Principal) -> Target {
        switch principal {
        case .token(let token): Target(id: token.ownerID, type: "User", alternateID: "unknown", name: "unknown")
        case .app(let app):
            Target(id: app.clientID, type: "PublicClientAppEntity", alternateID: app.clientID, name: "Service app")
        }
    }

    private static func entity(_ target: Target) -> [String: Any] {
        [
            "id": target.id, "type": target.type, "alternateId": target.alternateID, "displayName": target.name,
            "detailEntry": NSNull(),
        ]
    }
}

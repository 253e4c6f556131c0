import COktaCatalog

/// Okta's event types with the fields of their debug data, targets and change details, from the table compiled into `COktaCatalog`.
struct Catalog: Sendable {
    /// How the simulator makes up a field's value. Each special shape that Okta documents has its own kind.
    enum Kind: Sendable {
        case text, id, choice, json, bool, int, float, list, uri, url, time, email, ip, principal
        case requestId, requestUri, fullURL, hash, risk, behaviors, logOnly, threats, tunnels, riskChange, partnerRisk,
            conditions
    }

    struct Field: Sendable {
        /// The key as it is sent: `"name":`.
        let key: [UInt8]
        let kind: Kind
        let choices: [[UInt8]]
        /// The share of events that contain the field, 0…1.
        let presence: Double
    }

    struct Target: Sendable {
        let type: [UInt8]
        let fields: [Field]
    }

    struct EventType: Sendable {
        let name: String
        let nameBytes: [UInt8]
        let message: [UInt8]
        let severity: StaticString
        let legacy: [UInt8]?
        let debug: [Field]
        let targets: [Target]
        let changes: [Field]
        let weight: Int
        /// Whether events of this type come from a background job: they have no client, and their actor is the system.
        let isJob: Bool
    }

    let types: [EventType]
    let indexByName: [String: Int]

    /// The catalogue, parsed once per process.
    static let shared = Catalog()

    private init() {
        let buffer = UnsafeBufferPointer(start: okta_catalog_bytes(), count: okta_catalog_size())
        var schemas: [Substring: [Field]] = [:]
        var types: [EventType] = []
        let text = String(decoding: buffer, as: UTF8.self)
        let fallback = Self.commonNames.map { Self.field($0) }
        for line in text.split(separator: "\n") {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            if columns[0] == "S" {
                schemas[columns[1]] = columns.dropFirst(2).map(Self.field)
            } else if columns.count >= 6 {
                let name = String(columns[1])
                let targets = columns[3].split(separator: ",").map { item in
                    let parts = item.split(separator: "=")
                    return Target(
                        type: .jsonEscaped(String(parts[0])), fields: parts.count > 1 ? schemas[parts[1]] ?? [] : [])
                }
                types.append(
                    EventType(
                        name: name, nameBytes: Array(name.utf8), message: Self.message(name),
                        severity: Self.severity(name),
                        legacy: Self.legacy(name), debug: schemas[columns[2]] ?? fallback, targets: targets,
                        changes: schemas[columns[4]] ?? [], weight: Self.weight(name),
                        isJob: name.hasPrefix("system.import") || name.hasPrefix("workflows.") || name.contains(".job"))
                )
            }
        }
        self.types = types
        indexByName = Dictionary(types.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static let commonNames: [Substring] = [
        "requestId:id", "requestUri:uri", "url:url", "dtHash:id", "threatSuspected:bool", "authnRequestId:id",
        "deviceFingerprint:id",
    ]

    /// Fields that nearly every schema lists but that real events rarely contain.
    private static let rare: Set<Substring> = [
        "traceId", "oagApp", "webhooks", "riskChange", "threatDetections", "securityConditions", "associatedProxies",
        "tunnels",
        "anonymizerStatus", "proxyType", "partnerRisk", "redirectUri", "originalPrincipal", "ja3", "ja4",
    ]
    private static let frequent: Set<Substring> = ["requestId", "requestUri", "url", "dtHash", "threatSuspected"]

    private static func field(_ text: Substring) -> Field {
        let parts = text.split(separator: ":", maxSplits: 2)
        let name = parts[0]
        let choices = parts.count > 2 ? parts[2].split(separator: "|").map { [UInt8].jsonEscaped(String($0)) } : []
        let presence = rare.contains(name) ? 0.05 : frequent.contains(name) ? 1 : 0.6
        return Field(
            key: Array("\"\(name)\":".utf8), kind: kind(name, parts.count > 1 ? parts[1] : "text"), choices: choices,
            presence: presence)
    }

    private static func kind(_ name: Substring, _ word: Substring) -> Kind {
        switch name {
        case "requestId", "authnRequestId": return .requestId
        case "requestUri": return .requestUri
        case "url": return .fullURL
        case "dtHash", "deviceFingerprint", "ja3", "ja4": return .hash
        case "risk": return .risk
        case "behaviors": return .behaviors
        case "logOnlySecurityData": return .logOnly
        case "threatDetections": return .threats
        case "tunnels": return .tunnels
        case "riskChange": return .riskChange
        case "partnerRisk": return .partnerRisk
        case "securityConditions": return .conditions
        default: break
        }
        switch word {
        case "id": return .id
        case "enum": return .choice
        case "json": return .json
        case "bool": return .bool
        case "int": return .int
        case "float": return .float
        case "list": return .list
        case "uri": return .uri
        case "url": return .url
        case "time": return .time
        case "email": return .email
        case "ip": return .ip
        case "principal": return .principal
        default: return .text
        }
    }

    private static func message(_ name: String) -> [UInt8] {
        if let known = knownMessages[name] { return .jsonEscaped(known) }
        let words = name.split { $0 == "." || $0 == "_" }.joined(separator: " ")
        return .jsonEscaped(words.prefix(1).uppercased() + words.dropFirst())
    }

    private static let knownMessages = [
        "user.session.start": "User login to Okta", "user.session.end": "User logout from Okta",
        "user.authentication.sso": "User single sign on to app",
        "policy.evaluate_sign_on": "Evaluation of sign-on policy",
        "user.authentication.auth_via_mfa": "Authentication of user via MFA",
        "user.lifecycle.suspend": "Suspend Okta user",
        "group.user_membership.add": "Add user to group membership",
        "user.account.lock": "Max sign in attempts exceeded",
    ]

    private static func legacy(_ name: String) -> [UInt8]? {
        let known = [
            "user.session.start": "core.user_auth.login_success", "user.session.end": "core.user_auth.logout_success",
            "user.authentication.sso": "app.auth.sso", "user.account.lock": "core.user_auth.account_locked",
            "group.user_membership.add": "core.user_group_member.user_add",
            "group.user_membership.remove": "core.user_group_member.user_remove",
            "user.lifecycle.suspend": "core.user.config.user_status.suspended",
            "policy.lifecycle.create": "policy.created", "policy.rule.update": "policy.rule.updated",
            "system.api_token.create": "api.token.create", "system.api_token.revoke": "api.token.revoke",
            "user.mfa.factor.activate": "core.user.factor.activate", "zone.create": "zone.create",
        ]
        return known[name].map { Array($0.utf8) }
    }

    private static func severity(_ name: String) -> StaticString {
        if name.contains("error") || name.contains("exception") { return "ERROR" }
        for word in ["fail", "deny", "violation", "threat", "lock", "suspicious", "warning", "revoke", "unauth"]
        where name.contains(word) {
            return "WARN"
        }
        return name.contains("debug") ? "DEBUG" : "INFO"
    }

    /// The relative frequency of a type: sign-ins, policies and tokens dominate a busy org's log.
    private static func weight(_ name: String) -> Int {
        let exact = [
            "user.authentication.sso": 4000, "policy.evaluate_sign_on": 3400, "user.session.start": 2000,
            "user.session.end": 700,
            "user.authentication.auth_via_mfa": 1800, "user.authentication.verify": 500,
            "app.oauth2.token.grant.access_token": 900,
            "app.oauth2.token.grant.id_token": 500, "group.user_membership.add": 250,
            "group.user_membership.remove": 150,
            "application.user_membership.add": 250, "application.user_membership.remove": 120,
        ]
        if let weight = exact[name] { return weight }
        for (prefix, weight) in [
            ("user.", 12), ("app.oauth2", 6), ("system.email", 12), ("application.", 5), ("group.", 5), ("device.", 4),
            ("policy.", 4),
            ("system.org.rate_limit", 8),
        ] where name.hasPrefix(prefix) {
            return weight
        }
        return 1
    }
}

/// What came of the event: severity, status, disposition and risk.
struct Outcome {
    enum Risk: Int { case low = 1, medium, high }

    /// OCSF `severity_id`.
    var severity = 0
    var result: JSONText?
    /// OCSF `status_id` outside findings; nil when the event has no outcome.
    var status = 0
    var isDenied = false
    var isUnauthorized = false
    var isAllowed = false
    var isChallenged = false
    var isAlert = false
    var risk: Risk?

    init() {}

    init(_ event: LogEvent, _ eventType: JSONText?) {
        if let level = event.known(event[.severity]) {
            if level.equalsIgnoringCase("info") || level.equalsIgnoringCase("debug") {
                severity = 1
            } else if level.equalsIgnoringCase("warn") {
                severity = 3
            } else if level.equalsIgnoringCase("error") {
                severity = 4
            }
        }
        result = event.text(event.child(event[.outcome], .result))
        if let result {
            if result.equalsIgnoringCase("success") {
                status = 1
            } else if result.equalsIgnoringCase("allow") {
                status = 1
                isAllowed = true
            } else if result.equalsIgnoringCase("failure") || result.equalsIgnoringCase("rate_limit") {
                status = 2
            } else if result.equalsIgnoringCase("deny") {
                status = 2
                isDenied = true
            } else if event.known(event.child(event[.outcome], .result)) != nil {
                status = 99
                isChallenged = result.equalsIgnoringCase("challenge")
            }
        }
        if let eventType {
            // Okta reports these as SUCCESS, "the policy denied it successfully".
            if eventType.equals("application.policy.sign_on.deny_access") {
                status = 2
                isAllowed = false
                isDenied = true
            } else if eventType.equals("app.generic.unauth_app_access_attempt") {
                status = 2
                isAllowed = false
                isUnauthorized = true
            } else if eventType.hasSuffix("deny_push") {
                status = 2
            }
        }
        isAlert =
            event.text(event.debug(.threatSuspected))?.equalsIgnoringCase("true")
            ?? event.boolean(event.debug(.threatSuspected)) ?? false
        risk = Self.risk(event)
    }

    /// The level, from whichever of the three places has it: `securityContext.risk`, `debugData.risk` as `{level=LOW}` in
    /// any of its spellings, or `debugData.logOnlySecurityData`, a JSON text.
    private static func risk(_ event: LogEvent) -> Risk? {
        if let level = event.text(event.child(event.child(event[.securityContext], .risk), .level)) {
            return self.level(level, 0)
        }
        if let text = event.text(event.debug(.risk)), let at = text.find("level=") { return level(text, at + 6) }
        if let text = event.text(event.debug(.logOnlySecurityData)), let at = text.find("\"level\\\":\\\"") {
            return level(text, at + 11)
        }
        return nil
    }

    private static func level(_ text: JSONText, _ at: Int) -> Risk? {
        let rest = text.slice(at..<text.count)
        if rest.hasPrefix("LOW") { return .low }
        if rest.hasPrefix("MEDIUM") { return .medium }
        if rest.hasPrefix("HIGH") { return .high }
        return nil
    }
}

extension RecordMapping {
    mutating func outcomeFields() {
        severityField()
        if kind == .finding { findingStatus() } else { status() }
        if let result = event.known(event.child(event[.outcome], .result)) {
            writer.string("\"status_code\":\"", result)
            event.consume(event.child(event[.outcome], .result))
        }
        let reason = event.child(event[.outcome], .reason)
        if kind != .finding, let text = event.known(reason) {
            writer.string("\"status_detail\":\"", text)
            event.consume(reason)
        }
        if let message = event.text(event[.displayMessage]) {
            writer.string("\"message\":\"", message)
            event.consume(event[.displayMessage])
        }
        disposition()
        risk()
    }

    private mutating func severityField() {
        var id = outcome.severity
        if kind == .finding {
            // A finding is at least Medium; what Okta's risk engine says raises it.
            id = max(id, outcome.risk == .high ? 4 : 3)
        }
        switch id {
        case 1: writer.put("\"severity_id\":1,\"severity\":\"Informational\",")
        case 3: writer.put("\"severity_id\":3,\"severity\":\"Medium\",")
        case 4: writer.put("\"severity_id\":4,\"severity\":\"High\",")
        default: writer.put("\"severity_id\":0,\"severity\":\"Unknown\",")
        }
    }

    private mutating func status() {
        switch outcome.status {
        case 1: writer.put("\"status_id\":1,\"status\":\"Success\",")
        case 2: writer.put("\"status_id\":2,\"status\":\"Failure\",")
        case 99: writer.enumerated("\"status_id\":", "\"status\":\"", 99, outcome.result, .status)
        default: writer.put("\"status_id\":0,\"status\":\"Unknown\",")
        }
    }

    /// In a finding, `status` is the finding's own life, not the event's outcome.
    private mutating func findingStatus() {
        switch activity {
        case 1: writer.put("\"status_id\":1,\"status\":\"New\",")
        case 2: writer.put("\"status_id\":2,\"status\":\"In Progress\",")
        case 3: writer.put("\"status_id\":4,\"status\":\"Resolved\",")
        default: writer.put("\"status_id\":0,\"status\":\"Unknown\",")
        }
    }

    private mutating func disposition() {
        if outcome.isUnauthorized {
            writer.put("\"action_id\":2,\"action\":\"Denied\",\"disposition_id\":26,\"disposition\":\"Unauthorized\",")
        } else if outcome.isDenied {
            writer.put("\"action_id\":2,\"action\":\"Denied\",\"disposition_id\":2,\"disposition\":\"Blocked\",")
        } else if outcome.isAllowed {
            writer.put("\"action_id\":1,\"action\":\"Allowed\",\"disposition_id\":1,\"disposition\":\"Allowed\",")
        } else if outcome.isChallenged {
            writer.put("\"action_id\":99,\"action\":\"CHALLENGE\",\"disposition_id\":23,\"disposition\":\"Challenge\",")
        } else {
            return
        }
        usesSecurityControl = true
    }

    private mutating func risk() {
        let isFinding = kind == .finding
        if outcome.isAlert || (isFinding && activity == 1) {
            writer.put("\"is_alert\":true,")
            if !isFinding { usesSecurityControl = true }
        }
        guard let risk = outcome.risk else { return }
        if !isFinding { usesSecurityControl = true }
        switch risk {
        case .low: writer.put("\"risk_level_id\":1,\"risk_level\":\"Low\",")
        case .medium: writer.put("\"risk_level_id\":2,\"risk_level\":\"Medium\",")
        case .high: writer.put("\"risk_level_id\":3,\"risk_level\":\"High\",")
        }
        if let behaviors = event.text(event.debug(.behaviors)) {
            writer.string("\"risk_details\":\"", behaviors)
            event.consume(event.debug(.behaviors))
        }
    }
}

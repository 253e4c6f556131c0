/// The outcome of the event: severity, status, disposition and risk.
struct Outcome {
    /// OCSF `severity_id`.
    var severity = 0
    var result: JSONText?
    /// OCSF `status_id`, except in findings. 0 if neither the event's result nor its type states an outcome.
    var status = 0
    var isDenied = false
    var isUnauthorized = false
    var isAllowed = false
    var isChallenged = false
    var isAlert = false
    /// Whether `status` follows from the event type instead of `result`.
    var isOverridden = false
    var risk = RiskReport()

    init() {}

    init(_ event: LogEvent, _ eventType: JSONText?, _ security: SecurityContext) {
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
            // An event of one of these types reports a denial, even if Okta's result is SUCCESS.
            if eventType.equals("application.policy.sign_on.deny_access") {
                status = 2
                isOverridden = true
                isAllowed = false
                isDenied = true
            } else if eventType.equals("app.generic.unauth_app_access_attempt") {
                status = 2
                isOverridden = true
                isAllowed = false
                isUnauthorized = true
            } else if eventType.contains("deny_push") {
                status = 2
                isOverridden = true
            }
        }
        isAlert =
            event.text(event.debug(.threatSuspected))?.equalsIgnoringCase("true")
            ?? event.boolean(event.debug(.threatSuspected)) ?? false
        risk = RiskReport(event, security)
    }
}

extension RecordMapping {
    mutating func outcomeFields() {
        severityField()
        if isExplaining { explainOutcome() }
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
        if let message = event.fitting(event[.displayMessage]) {
            writer.string("\"message\":\"", message)
            event.consume(event[.displayMessage])
        }
        disposition()
        risk()
    }

    private mutating func severityField() {
        let id = kind == .finding ? severityOfFinding() : outcome.severity
        switch id {
        case 1: writer.put("\"severity_id\":1,\"severity\":\"Informational\",")
        case 2: writer.put("\"severity_id\":2,\"severity\":\"Low\",")
        case 3: writer.put("\"severity_id\":3,\"severity\":\"Medium\",")
        case 4: writer.put("\"severity_id\":4,\"severity\":\"High\",")
        default: writer.put("\"severity_id\":0,\"severity\":\"Unknown\",")
        }
    }

    private mutating func explainOutcome() {
        if kind != .finding { explain("severity_id", "severity") }
        if kind == .finding {
            explain("status_id", "the state of the finding, from its activity, the verdict and the risk")
        } else if outcome.isOverridden {
            explain("status_id", "Failure: an event of this type reports a denial, even if Okta's result is SUCCESS")
        } else {
            explain("status_id", outcome.result == nil ? "no outcome" : "outcome.result")
        }
        if kind == .finding {
            explain(
                "is_alert",
                isAlertingFinding
                    ? "a new finding" : "left out: the finding is not new, or the risk is low or did not rise")
        } else if outcome.isAlert {
            explain("is_alert", "debugData.threatSuspected")
        }
        if outcome.risk.hasDetails {
            explain("risk_details", "risk, behaviors and threats, collected from several members of the event")
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
        if kind == .finding ? isAlertingFinding : outcome.isAlert {
            writer.put("\"is_alert\":true,")
            if kind != .finding { usesSecurityControl = true }
        }
        if let level = outcome.risk.level {
            switch level {
            case .low: writer.put("\"risk_level_id\":1,\"risk_level\":\"Low\",")
            case .medium: writer.put("\"risk_level_id\":2,\"risk_level\":\"Medium\",")
            case .high: writer.put("\"risk_level_id\":3,\"risk_level\":\"High\",")
            }
            if kind != .finding { usesSecurityControl = true }
            explain("risk_level_id", outcome.risk.isPartnerLevel ? "a partner's report" : "Okta's risk level")
        }
        riskDetails()
    }
}

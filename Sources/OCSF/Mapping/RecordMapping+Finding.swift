/// Detection Finding (2004).
extension RecordMapping {
    /// True if the finding is about a risk itself: rules F3 (a user's risk) and F7 (a partner's report). Then the severity depends on the risk.
    var isAboutRisk: Bool { rule.family == UInt8(ascii: "F") && (rule.number == 3 || rule.number == 7) }

    /// True if a user reports a sign-in, or an administrator judges a finding (rules F2 and F9). The request of that person is not evidence.
    private var isStatement: Bool { rule.family == UInt8(ascii: "F") && (rule.number == 2 || rule.number == 9) }

    /// In OCSF, a new finding is an alert; one that is updated or closed is not. A new finding about a risk that is low or did not rise is not an
    /// alert, either.
    var isAlertingFinding: Bool { activity == 1 && !(isAboutRisk && outcome.risk.isUnalarming) }

    /// OCSF `severity_id`. If the finding is about a risk whose level is known, the severity depends on this level, and is lower if the risk went
    /// down. In all other cases, a new finding is at least Medium, or at least High if the risk is high, and a finding that is not new has Okta's
    /// severity.
    mutating func severityOfFinding() -> Int {
        let report = outcome.risk
        if isAboutRisk, let level = report.level {
            explain("severity_id", report.wentDown ? "the risk went down" : "the level of the risk")
            if report.wentDown { return level == .low ? 1 : 2 }
            return level.rawValue + 1
        }
        guard activity == 1 else {
            explain("severity_id", "Okta's severity, because the finding is not new")
            return outcome.severity
        }
        let isHigh = report.level == .high || report.highestThreat == .high
        explain("severity_id", isHigh ? "a new finding with a high risk" : "a new finding")
        return max(outcome.severity, isHigh ? 4 : 3)
    }

    /// Writes `status`. In a finding, it is the state of the finding itself, not the event's outcome.
    mutating func findingStatus() {
        switch activity {
        case 1: writer.put("\"status_id\":1,\"status\":\"New\",")
        case 2 where verdict == 1: writer.put("\"status_id\":3,\"status\":\"Suppressed\",")
        case 2 where isAboutRisk && outcome.risk.wentDown && outcome.risk.level == .low:
            writer.put("\"status_id\":4,\"status\":\"Resolved\",")
        case 2: writer.put("\"status_id\":2,\"status\":\"In Progress\",")
        case 3: writer.put("\"status_id\":4,\"status\":\"Resolved\",")
        default: writer.put("\"status_id\":0,\"status\":\"Unknown\",")
        }
    }

    /// OCSF `verdict_id` from an administrator's feedback; nil if there is none.
    private var verdict: Int? {
        guard let label = event.known(event.debug(.label)) else { return nil }
        if label.equalsIgnoringCase("false_positive") { return 1 }
        if label.equalsIgnoringCase("true_positive") { return 2 }
        return 99
    }

    mutating func finding(_ targets: Targets, _ actor: Identity?, _ endpoint: SourceEndpoint) {
        writer.put("\"finding_info\":{\"uid\":\"")
        let judged = event.known(event.debug(.eventUuid))
        if activity != 1, let judged {
            // A finding's uid is the uuid of the event that first reported it. Here, `eventUuid` is that uuid.
            writer.copy(judged)
            explain("finding_info.uid", "debugData.eventUuid: the finding that this event is about")
        } else if let uuid = event.known(event[.uuid]) {
            writer.copy(uuid)
        } else {
            _ = digest.digest(event.bytes, event.count, into: digestBytes)
            writer.uuid8(digestBytes)
        }
        writer.put("\",")
        if let title = outcome.risk.detection ?? event.fitting(event[.displayMessage]) ?? eventType {
            writer.string("\"title\":\"", title)
        }
        description()
        if let eventType {
            writer.string("\"types\":[\"", eventType)
            writer.endArray()
        }
        relatedEvent(judged)
        // The schema requires that `finding_info` repeats the record's ATT&CK tags.
        if let attack { writer.copy(catalog.attacks[attack]) }
        if activity == 1 {
            timestamp("\"created_time\":", "\"created_time_dt\":\"", time)
        } else {
            timestamp("\"modified_time\":", "\"modified_time_dt\":\"", time)
        }
        writer.endObject()
        if isStatement || isReporter(actor, targets) {
            statement(targets, endpoint)
        } else {
            evidence(targets, endpoint)
        }
    }

    private mutating func description() {
        let reason = event.child(event[.outcome], .reason)
        if let text = event.known(reason) {
            writer.string("\"desc\":\"", text)
            event.consume(reason)
        } else if let reasons = outcome.risk.reasons {
            writer.put("\"desc\":\"")
            joined(reasons)
            writer.put("\",")
        }
    }

    private mutating func relatedEvent(_ judged: JSONText?) {
        let reported = event.known(event.debug(.suspiciousActivityEventId))
        guard let uid = judged ?? reported else { return }
        writer.put("\"related_events\":[{")
        writer.string("\"uid\":\"", uid)
        // `debugData.eventType` is the type of the event that was judged.
        let type = judged != nil ? event.debug(.eventType) : event.debug(.suspiciousActivityEventType)
        if let type = event.known(type) { writer.string("\"type\":\"", type) }
        writer.endObject()
        writer.endArray()
    }

    /// True if a person changes the risk of another user. Then this person reports the finding, and the person's own request is not evidence.
    private func isReporter(_ actor: Identity?, _ targets: Targets) -> Bool {
        isAboutRisk && principal == .user && actor != nil && targets.user != nil && !isSame(targets.user, actor)
    }

    /// Writes, as evidence, the request and the account that Okta found suspicious.
    private mutating func evidence(_ targets: Targets, _ endpoint: SourceEndpoint) {
        // OCSF requires an endpoint or a user in each evidence, or another attribute that Okta's events never have.
        guard endpoint.isNamed || targets.account != nil else { return }
        writer.put("\"evidences\":[{")
        if let account = targets.account { user("\"user\":{", account, .evidence, consumes: false) }
        sourceEndpoint(endpoint, .evidence)
        httpRequest(.evidence)
        writer.endObject()
        writer.endArray()
    }

    /// Writes a person's statement about a sign-in or a finding. The evidence is the account and the address that the statement is about. The
    /// person's own client is written as a resource with the role Actor.
    private mutating func statement(_ targets: Targets, _ endpoint: SourceEndpoint) {
        let mark = writer.count
        writer.put("\"evidences\":[{")
        if let account = targets.account { user("\"user\":{", account, .evidence, consumes: false) }
        suspiciousEndpoint()
        let hasEvidence = !writer.isAtOpening
        if hasEvidence, let label = event.known(event.debug(.label)), let verdict {
            writer.enumerated("\"verdict_id\":", "\"verdict\":\"", verdict, label, .verdict)
        }
        if hasEvidence {
            writer.endObject()
            writer.endArray()
        } else {
            writer.goBack(to: mark)
        }
        if let ip = endpoint.ip {
            writer.put("\"resources\":[{")
            writer.string("\"name\":\"", ip)
            observed("\"ip\":\"", ip, "resources[0].ip", .ip)
            client = ClientAddress(path: "resources[0].ip", ip: ip)
            if endpoint.isVerbatim { event.consume(event.child(event[.client], .ipAddress)) }
            writer.put("\"type\":\"Client\",\"role_id\":2,\"role\":\"Actor\",")
            writer.endObject()
            writer.endArray()
            if endpoint.scope == .internal { enrichments.add("resources[0].ip", ip, .internal) }
        }
    }

    /// Writes the address that a user found suspicious, with what Okta knew about the address.
    private mutating func suspiciousEndpoint() {
        guard let text = event.known(event.debug(.suspiciousActivityEventIp)), let found = WrittenAddress(text) else {
            return
        }
        let path: StaticString = "evidences[0].src_endpoint.ip"
        writer.put("\"src_endpoint\":{")
        observed("\"ip\":\"", found.text, path, .ip)
        if let scope = settings.network.scope(of: found.address) {
            networkScope(scope)
            if scope == .internal { enrichments.add(path, found.text, .internal) }
        }
        let city = event.known(event.debug(.suspiciousActivityEventCity))
        let region = event.known(event.debug(.suspiciousActivityEventState))
        let country = event.known(event.debug(.suspiciousActivityEventCountry)).flatMap { CountryCode.lookup($0) }
        if city != nil || region != nil || country != nil {
            writer.put("\"location\":{")
            if let city { writer.string("\"city\":\"", city) }
            if let region { writer.string("\"region\":\"", region) }
            if let country {
                observed("\"country\":\"", country, "evidences[0].src_endpoint.location.country", .country)
            }
            writer.endObject()
        }
        if let os = event.known(event.debug(.suspiciousActivityOs)) { operatingSystem(os, version: nil) }
        writer.endObject()
    }
}

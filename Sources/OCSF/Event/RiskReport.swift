/// Okta's assessment of the risk of a request or a user. Several members of an event can contain parts of it; all of them are read.
struct RiskReport {
    enum Level: Int, Comparable {
        case low = 1, medium, high

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        /// Reads `low`, `medium` or `high` in any letter case; nil for any other word.
        init?(_ text: JSONText?) {
            guard let text else { return nil }
            if text.equalsIgnoringCase("low") {
                self = .low
            } else if text.equalsIgnoringCase("medium") {
                self = .medium
            } else if text.equalsIgnoringCase("high") {
                self = .high
            } else {
                return nil
            }
        }
    }

    var level: Level?
    /// The level before the event. Nil if the event does not state it, or if `level` is nil.
    var previous: Level?
    var detection: JSONText?
    var reasons: LooseValue?
    /// The names of behaviors, each with Okta's finding: POSITIVE, NEGATIVE, UNKNOWN or BAD_REQUEST.
    var behaviors: LooseValue?
    /// The names that ThreatInsight gives to threats, each with a level.
    var threats: LooseValue?
    var highestThreat: Level?
    var partners: LooseValue?
    /// Whether the level comes from a partner and not from Okta.
    var isPartnerLevel = false

    init() {}

    /// The level comes from the first member of the event that states one. If only partners state a level, the highest of their levels is used.
    /// Further details also come from the other members.
    init(_ event: LogEvent, _ security: SecurityContext) {
        if let place = event.loose(security.risk) { add(place, event) }
        if let place = event.loose(event.debug(.risk)) { add(place, event) }
        if let place = event.loose(event.debug(.riskChange)) { add(place, event) }
        behaviors = event.loose(event.debug(.behaviors))
        if let place = event.loose(event.debug(.logOnlySecurityData)), !isRepeated(place) {
            event.forEachMember(of: place) { name, value in
                if name.equals("risk") {
                    add(value, event)
                } else if behaviors == nil, name.equals("behaviors") {
                    behaviors = value
                }
            }
        }
        if behaviors == nil { behaviors = event.loose(security.userBehaviors) }
        if let place = event.loose(event.debug(.threatDetections)) {
            threats = place
            event.forEachMember(of: place) { _, value in
                if let level = Level(event.scalar(value)) { highestThreat = max(highestThreat ?? level, level) }
            }
        }
        partners = event.loose(event.debug(.partnerRisk))
        if level == nil, let partners {
            event.forEachElement(of: partners) { partner in
                event.forEachMember(of: partner, isName: Self.isName) { name, value in
                    guard name.equals("level"), let level = Level(event.scalar(value)) else { return }
                    self.level = max(self.level ?? level, level)
                    isPartnerLevel = true
                }
            }
        }
        if let place = event.loose(event.debug(.securityEventsProviderReportedRisk)) { addReported(place, event) }
    }

    /// True if `place` is a text that adds nothing to the level, the behaviors and the reasons that are already known. Events of sign-ins have the
    /// same risk and behaviors in three members.
    private func isRepeated(_ place: LooseValue) -> Bool {
        guard level != nil, behaviors != nil, case .text(let text) = place else { return false }
        return reasons != nil || !text.contains("reason")
    }

    /// Whether Okta says that the risk decreased. Used only if Okta gives no previous level.
    private var isDecrease = false

    /// Whether the risk was higher before this event. False if that is unknown.
    var wentDown: Bool {
        guard let level, let previous else { return level != nil && isDecrease }
        return level < previous
    }

    /// True if the level is low, or not higher than the previous level. Such a risk needs no attention now.
    var isUnalarming: Bool {
        guard let level else { return false }
        return level == .low || previous.map { level <= $0 } ?? false
    }

    /// True if there are details besides the level.
    var hasDetails: Bool {
        previous != nil || detection != nil || reasons != nil || behaviors != nil || threats != nil || partners != nil
    }

    /// True for the names that can occur in the map of a risk. Any other text before a `=` belongs to a reason, which is a sentence that may contain
    /// commas and `=`.
    static func isName(_ text: JSONText) -> Bool {
        switch text.count {
        case 4: text.equals("name")
        case 5: text.equals("level")
        case 6: text.equals("issuer") || text.equals("reason")
        case 7: text.equals("reasons")
        case 9: text.equals("riskLevel") || text.equals("direction")
        case 10: text.equals("reasonCode")
        case 13: text.equals("previousLevel") || text.equals("detectionName")
        case 14: text.equals("priorRiskLevel")
        default: false
        }
    }

    private mutating func add(_ place: LooseValue, _ event: LogEvent) {
        var levelHere: Level?
        var previousHere: Level?
        event.forEachMember(of: place, isName: Self.isName) { name, value in
            if name.equals("level") || name.equals("riskLevel") {
                levelHere = Level(event.scalar(value))
            } else if name.equals("previousLevel") || name.equals("priorRiskLevel") {
                previousHere = Level(event.scalar(value))
            } else if name.equals("direction") {
                if event.scalar(value)?.equalsIgnoringCase("decrease") ?? false { isDecrease = true }
            } else if name.equals("detectionName") {
                if detection == nil { detection = event.scalar(value) }
            } else if name.equals("reasons") || name.equals("reason") || name.equals("reasonCode") {
                if reasons == nil, !isEmpty(value, event) { reasons = value }
            }
        }
        guard level == nil, let levelHere else { return }
        level = levelHere
        previous = previousHere
    }

    /// Adds the event type and the claims that another product reported through the Shared Signals Framework.
    private mutating func addReported(_ place: LooseValue, _ event: LogEvent) {
        event.forEachMember(of: place) { name, value in
            if name.equals("type") {
                if detection == nil { detection = event.scalar(value) }
            } else if name.equals("claims") {
                event.forEachMember(of: value) { claim, value in
                    if claim.equals("current_level") {
                        guard level == nil, let reported = Level(event.scalar(value)) else { return }
                        level = reported
                        isPartnerLevel = true
                    } else if claim.equals("previous_level") {
                        if previous == nil { previous = Level(event.scalar(value)) }
                    } else if claim.equals("reason_admin"), reasons == nil {
                        // There is one text per language; the first text is used.
                        event.forEachMember(of: value) { if reasons == nil { _ = $0; reasons = $1 } }
                    }
                }
            }
        }
        if level == nil { previous = nil }
    }

    private func isEmpty(_ value: LooseValue, _ event: LogEvent) -> Bool {
        var isEmpty = true
        event.forEachElement(of: value) { if event.scalar($0) != nil { isEmpty = false } }
        return isEmpty
    }
}

extension RecordMapping {
    /// Writes `risk_details`: one line, `name; reasons: …; behaviors: New Device=POSITIVE, …`. Its parts always have the same order and names,
    /// whatever the form in which Okta wrote the risk.
    mutating func riskDetails() {
        guard outcome.risk.hasDetails else { return }
        let report = outcome.risk
        let mark = writer.count
        writer.put("\"risk_details\":\"")
        let first = writer.count
        if let detection = report.detection {
            writer.copy(detection)
            writer.put("; ")
        }
        if let previous = report.previous {
            writer.put("previous level: ")
            writer.put(previous == .high ? "HIGH" : previous == .medium ? "MEDIUM" : "LOW")
            writer.put("; ")
        }
        if let reasons = report.reasons {
            writer.put("reasons: ")
            joined(reasons)
            writer.put("; ")
        }
        if let behaviors = report.behaviors { pairs("behaviors: ", behaviors) }
        if let threats = report.threats { pairs("threats: ", threats) }
        if let partners = report.partners { partnerRisks(partners) }
        guard writer.count > first else { return writer.goBack(to: mark) }
        writer.goBack(to: writer.count - 2)
        writer.put("\",")
        if kind != .finding { usesSecurityControl = true }
    }

    /// Writes the texts of a list, separated by commas.
    mutating func joined(_ list: LooseValue) {
        let event = event
        let first = writer.count
        event.forEachElement(of: list) { element in
            guard let text = event.scalar(element) else { return }
            if writer.count > first { writer.put(", ") }
            writer.copy(text)
        }
    }

    /// Writes `opening` and then `name=value, name=value; `. Writes nothing if there are no such pairs. In a list of objects, such as
    /// `securityContext.userBehaviors`, the name is in the member `name` and the value in `result`.
    private mutating func pairs(_ opening: StaticString, _ map: LooseValue) {
        let event = event
        let mark = writer.count
        writer.put(opening)
        let first = writer.count
        if case .text(let text) = map, !isList(map), let members = OktaText(text).membersInJavaForm {
            guard members.count > 0 else { return writer.goBack(to: mark) }
            writer.copy(members)
            return writer.put("; ")
        }
        event.forEachMember(of: map) { name, value in
            guard let text = event.scalar(value), name.count > 0 else { return }
            if writer.count > first { writer.put(", ") }
            writer.copy(name)
            writer.put("=")
            writer.copy(text)
        }
        if writer.count == first, isList(map) {
            event.forEachElement(of: map) { element in
                guard let name = event.member(of: element, "name").flatMap({ event.scalar($0) }),
                    let result = event.member(of: element, "result").flatMap({ event.scalar($0) })
                else { return }
                if writer.count > first { writer.put(", ") }
                writer.copy(name)
                writer.put("=")
                writer.copy(result)
            }
        }
        if writer.count == first { writer.goBack(to: mark) } else { writer.put("; ") }
    }

    private func isList(_ value: LooseValue) -> Bool {
        switch value {
        case .node(let node): event.isArray(node)
        case .text(let text): text.count > 0 && text.start[0] == UInt8(ascii: "[")
        }
    }

    /// Writes `partner sig-sci: HIGH, malware detected; ` for each partner.
    private mutating func partnerRisks(_ partners: LooseValue) {
        let event = event
        event.forEachElement(of: partners) { partner in
            var name: JSONText?
            var level: JSONText?
            var reasons: LooseValue?
            event.forEachMember(of: partner, isName: RiskReport.isName) { key, value in
                if key.equals("name") || key.equals("issuer") {
                    name = name ?? event.scalar(value)
                } else if key.equals("level") {
                    level = event.scalar(value)
                } else if key.equals("reasons") {
                    reasons = value
                }
            }
            guard level != nil || reasons != nil else { return }
            writer.put("partner")
            if let name {
                writer.put(" ")
                writer.copy(name)
            }
            writer.put(": ")
            if let level {
                writer.copy(level)
                if reasons != nil { writer.put(", ") }
            }
            if let reasons { joined(reasons) }
            writer.put("; ")
        }
    }
}

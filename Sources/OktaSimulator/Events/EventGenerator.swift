/// Generates events of the whole catalogue. Event `i` is a pure function of the settings, the timeline and `i`.
struct EventGenerator: Sendable {
    let seed: UInt64
    /// Whether to use all types of the catalogue in turn, instead of choosing them with plausible frequencies.
    let eachType: Bool
    /// Share of events with an odd but documented shape, 0…1.
    let oddShare: Double
    /// The share of events in a form that no healthy org would send, 0…1.
    let hostileShare: Double
    /// The share of late events, 0…1. Their delay between publication and persistence is up to `lateSpan` milliseconds longer than usual.
    let lateShare: Double
    /// The longest additional delay of a late event, in milliseconds.
    let lateSpan: Int64
    let timeline: Timeline
    let identity: EventIdentity
    let words: Vocabulary
    let catalog = Catalog.shared
    private let weighted: [UInt16]

    /// Milliseconds between publication and persistence of an event that is not late.
    static let usualDelay: Int64 = 200

    init(settings: OrgSettings, timeline: Timeline) {
        seed = settings.seed
        eachType = settings.eachType
        oddShare = settings.oddShare
        hostileShare = settings.hostileShare
        lateShare = settings.lateShare
        lateSpan = max(1, settings.lateSpan)
        self.timeline = timeline
        identity = EventIdentity(seed: settings.seed)
        words = Vocabulary(seed: settings.seed)
        weighted = Catalog.shared.types.enumerated().flatMap { index, type in
            Array(repeating: UInt16(index), count: type.weight)
        }
    }

    /// When the event at `index` was published, in milliseconds since 1970.
    func published(_ index: Int) -> Int64 {
        var rolls = Rolls(Seed.derive(seed, .publication, index))
        let usual = timeline.persisted(index) - Self.usualDelay
        return lateShare > 0 && rolls.chance(lateShare) ? usual - 1 - Int64(rolls.next() % UInt64(lateSpan)) : usual
    }

    func plan(_ index: Int) -> EventPlan {
        var rolls = Rolls(Seed.derive(seed, .body, index))
        let type = eachType ? index % catalog.types.count : Int(weighted[rolls.below(weighted.count)])
        let odd = rolls.chance(oddShare)
        let hostile = hostileShare > 0 && rolls.chance(hostileShare)
        return EventPlan(
            type: type, user: rolls.below(words.users.count), place: rolls.below(words.places.count),
            agent: rolls.below(words.agents.count), app: rolls.below(words.apps.count),
            group: rolls.below(words.groups.count),
            failed: rolls.chance(0.09), isJob: catalog.types[type].isJob || rolls.chance(0.06),
            oddity: odd ? EventPlan.Oddity.allCases[1 + rolls.below(EventPlan.Oddity.allCases.count - 1)] : .ordinary,
            hostility: hostile
                ? EventPlan.Hostility.allCases[1 + rolls.below(EventPlan.Hostility.allCases.count - 1)] : .none,
            rolls: rolls)
    }

    /// The value of the event's attribute at `path`, for filters; nil if the event has no such value. `SCIMFilter.attributes` lists the paths.
    func attribute(_ path: String, _ index: Int) -> String? {
        let plan = plan(index)
        let type = catalog.types[plan.type]
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let hasUser = !plan.isJob && plan.oddity != .actorNull && plan.hostility != .actorText
        switch path {
        case "eventType": return type.name
        case "severity": return plan.hostility == .severityUnknown ? "NOTICE" : type.severity.description
        case "uuid": return plan.hostility == .uuidAbsent ? nil : identity.text(index)
        case "displayMessage": return text(type.message)
        case "legacyEventType": return type.legacy.map(text)
        case "outcome.result":
            return plan.oddity == .outcomeNull || plan.oddity == .outcomeAbsent ? nil : result(plan).description
        case "actor.id": return hasUser ? text(words.users[plan.user].id) : plan.isJob ? "sprSystem000000000g4" : nil
        case "actor.alternateId":
            return hasUser ? text(words.users[plan.user].alternate) : plan.isJob ? "system@okta.com" : nil
        default: return nil
        }
    }

    func result(_ plan: EventPlan) -> StaticString {
        let name = catalog.types[plan.type].name
        if name.hasPrefix("policy.evaluate") {
            return plan.failed ? "DENY" : plan.user % 5 == 0 ? "CHALLENGE" : "ALLOW"
        }
        if name.contains("rate_limit") { return "DENY" }
        return plan.failed ? "FAILURE" : plan.user % 97 == 0 ? "SKIPPED" : "SUCCESS"
    }
}

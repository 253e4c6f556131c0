import Configuration

/// How a credential is: a colour for the eye, and the reasons in words. A plain value without clock and files.
package struct CredentialHealth: Sendable, Equatable {
    package enum Colour: String, Sendable, Codable, Comparable {
        /// No action is needed.
        case green
        /// It works, and needs an action before it no longer does.
        case yellow
        /// It does not work.
        case red

        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
        private var rank: Int { self == .red ? 2 : self == .yellow ? 1 : 0 }
    }

    /// Days without use after which an API token is warned of. Okta drops one after 30 days without use (Okta help, "Manage Okta API tokens").
    package static let unusedDays = 25
    static let droppedDays = 30
    /// Days before the end of a credential's life at which is warned.
    package static let expiryDays = [30, 7, 1]

    package private(set) var colour = Colour.green
    package private(set) var reasons: [String] = []

    /// What a credential's health goes by.
    package struct Facts: Sendable {
        package var type: CredentialType
        package var expires: CalendarDate?
        package var today: CalendarDate
        /// Days since 1970 of the last request that Okta accepted; nil for none.
        package var lastUseDay: Int?
        /// Days since 1970 on which the secret was put there; nil where that is not known.
        package var putDay: Int?
        /// Integrations that name it.
        package var isUsed: Bool
        /// Why there is no usable secret.
        package var secretProblem: String?
        /// Why Okta refused it just now.
        package var refusal: String?

        package init(
            type: CredentialType, expires: CalendarDate? = nil, today: CalendarDate, lastUseDay: Int? = nil,
            putDay: Int? = nil, isUsed: Bool, secretProblem: String? = nil, refusal: String? = nil
        ) {
            self.type = type
            self.expires = expires
            self.today = today
            self.lastUseDay = lastUseDay
            self.putDay = putDay
            self.isUsed = isUsed
            self.secretProblem = secretProblem
            self.refusal = refusal
        }
    }

    package init(_ facts: Facts) {
        if let problem = facts.secretProblem { note(.red, problem) }
        if let refusal = facts.refusal { note(.red, refusal) }
        if let expires = facts.expires, let words = Self.expiry(expires, today: facts.today) {
            note(expires < facts.today ? .red : .yellow, words)
        }
        if let words = Self.disuse(facts) {
            note(words.days >= Self.droppedDays ? .red : .yellow, words.text)
        } else if !facts.isUsed {
            note(.yellow, "no integration uses it: remove it here, and revoke it in Okta")
        }
    }

    private mutating func note(_ colour: Colour, _ reason: String) {
        self.colour = max(self.colour, colour)
        reasons.append(reason)
    }

    /// Nil more than 30 days before the end.
    static func expiry(_ expires: CalendarDate, today: CalendarDate) -> String? {
        let days = expires.daysSince1970 - today.daysSince1970
        return switch days {
        case ..<0: "expired on \(expires)"
        case 0: "expires today"
        case 1: "expires tomorrow, on \(expires)"
        case 2...30: "expires in \(days) days, on \(expires)"
        default: nil
        }
    }

    private static func disuse(_ facts: Facts) -> (days: Int, text: String)? {
        guard facts.type == .apiToken, let since = [facts.lastUseDay, facts.putDay].compactMap(\.self).max() else {
            return nil
        }
        let days = facts.today.daysSince1970 - since
        guard days >= unusedDays else { return nil }
        return (
            days,
            "the API token was not used for \(days) days; Okta drops one after \(droppedDays) days without use: use it, or rotate it"
        )
    }
}

/// Which credentials to warn of today, each once for every step: 30, 7 and 1 days before its end, at the end, and after 25 days without use.
/// A plain value.
package struct CredentialWarnings: Sendable {
    /// By the credential's name: the steps that were told.
    private var told: [String: Set<String>] = [:]

    package init() {}

    /// The warnings that are due, a sentence each.
    ///
    /// - Parameter facts: of each credential, by its name.
    package mutating func due(_ facts: [(name: String, facts: CredentialHealth.Facts)]) -> [String] {
        var warnings: [String] = []
        var still: [String: Set<String>] = [:]
        for (name, facts) in facts {
            var steps: [(String, String)] = []
            if let expires = facts.expires, let words = CredentialHealth.expiry(expires, today: facts.today) {
                let days = expires.daysSince1970 - facts.today.daysSince1970
                let step = days < 0 ? -1 : CredentialHealth.expiryDays.last { days <= $0 } ?? 30
                steps.append(
                    ("\(expires) \(step)", "the credential \(name) \(words): tributary credential rotate \(name)"))
            }
            var unexpiring = facts
            (unexpiring.expires, unexpiring.secretProblem, unexpiring.refusal, unexpiring.isUsed) = (
                nil, nil, nil, true
            )
            if let reason = CredentialHealth(unexpiring).reasons.first {
                steps.append(("disuse", "the credential \(name): \(reason)"))
            }
            still[name] = Set(steps.map(\.0))
            for (step, words) in steps where told[name]?.contains(step) != true { warnings.append(words) }
        }
        told = still
        return warnings
    }
}

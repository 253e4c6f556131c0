import CommandHints
import Configuration

/// The health of a credential: a color, and the reasons in words. It depends only on ``Facts``, not on a clock or on files.
package struct CredentialHealth: Sendable, Equatable {
    package enum Colour: String, Sendable, Codable, Comparable {
        /// There is nothing to do.
        case green
        /// The credential works, but somebody must do something soon so that it continues to work.
        case yellow
        /// The credential does not work.
        case red

        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
        private var rank: Int { self == .red ? 2 : self == .yellow ? 1 : 0 }
    }

    /// A warning about an API token is due after this many days without use.
    package static let unusedDays = 25
    /// Okta revokes an API token after this many days without use (Okta help, "Manage Okta API tokens").
    static let droppedDays = 30
    /// A warning is due when a credential expires in one of these numbers of days.
    package static let expiryDays = [30, 7, 1]

    package private(set) var colour = Colour.green
    package private(set) var reasons: [String] = []

    /// The facts that determine a credential's health.
    package struct Facts: Sendable {
        package var type: CredentialType
        package var expires: CalendarDate?
        package var today: CalendarDate
        /// The day of the last request that Okta accepted, in days since 1970; nil if there is none.
        package var lastUseDay: Int?
        /// The day on which the secret was stored, in days since 1970; nil if that is not known.
        package var putDay: Int?
        /// Whether an integration refers to the credential.
        package var isUsed: Bool
        /// Why the credential has no usable secret.
        package var secretProblem: String?
        /// Why Okta refused the credential when it was last used.
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
            note(.yellow, "no integration uses this credential: remove it from Tributary, and revoke it in Okta")
        }
    }

    private mutating func note(_ colour: Colour, _ reason: String) {
        self.colour = max(self.colour, colour)
        reasons.append(reason)
    }

    /// When the credential expires, in words; nil if it expires in more than 30 days.
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
            "the API token has not been used for \(days) days; Okta revokes a token after \(droppedDays) days without use: use or rotate this token"
        )
    }
}

/// Determines which warnings about credentials are due today. Each warning is given once: 30, 7 and 1 days before a credential expires, after it has
/// expired, and after 25 days without use. A plain value.
package struct CredentialWarnings: Sendable {
    /// The warnings that have been given already, by the credential's name.
    private var told: [String: Set<String>] = [:]

    package init() {}

    /// The warnings that are due, one sentence each.
    ///
    /// - Parameter facts: the facts of each credential, with its name.
    package mutating func due(_ facts: [(name: String, facts: CredentialHealth.Facts)]) -> [String] {
        var warnings: [String] = []
        var still: [String: Set<String>] = [:]
        for (name, facts) in facts {
            var steps: [(String, String)] = []
            if let expires = facts.expires, let words = CredentialHealth.expiry(expires, today: facts.today) {
                let days = expires.daysSince1970 - facts.today.daysSince1970
                let step = days < 0 ? -1 : CredentialHealth.expiryDays.last { days <= $0 } ?? 30
                steps.append(
                    (
                        "\(expires) \(step)",
                        "the credential \(name) \(words): \(CommandHint.command("credential rotate \(name)"))"
                    ))
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

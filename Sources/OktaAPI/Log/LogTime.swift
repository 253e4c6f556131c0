/// A point in time of one scale, in milliseconds since 1970-01-01T00:00:00Z. The scales are different types, since comparing times of
/// two scales is a mistake wherever an assumption does not say how they lie to each other. The assumptions that are used are the
/// conversions in this file, and nothing else.
package struct LogTime<Scale>: Sendable, Hashable, Comparable, Codable {
    package let milliseconds: Int64

    package init(_ milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// Milliseconds since 1970, as a plain number.
    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    /// The time so many milliseconds later, or earlier; at the end of the range where it would lie beyond.
    package func advanced(by milliseconds: Int64) -> Self {
        let (sum, overflows) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Self(overflows ? (milliseconds < 0 ? .min : .max) : sum)
    }
}

package enum StoredScale {}
package enum PublishedScale {}
package enum ServerScale {}
package enum HostScale {}

/// When Okta stored an event. No answer tells it; `since` of a polling query counts by it (System Log API, polling requests).
package typealias StoredTime = LogTime<StoredScale>
/// An event's `published`.
package typealias PublishedTime = LogTime<PublishedScale>
/// The `Date` of an answer.
package typealias ServerTime = LogTime<ServerScale>
/// This host's clock.
package typealias HostTime = LogTime<HostScale>

extension PublishedTime {
    /// How far `published` may lie after the time at which the event was stored, milliseconds.
    package static let tolerance: Int64 = 300_000

    /// The event was stored at this time or later: assumption "stored is not before published", within ``tolerance``.
    package var earliestStored: StoredTime { StoredTime(milliseconds).advanced(by: -Self.tolerance) }
}

extension ServerTime {
    /// What an answer with this `Date` brought was stored at this time or earlier: assumption "stored is not after the answer's Date". `Date`
    /// has whole seconds, so the answer is of up to a second later.
    package var latestStored: StoredTime { StoredTime(milliseconds).advanced(by: 1_000) }
}

extension HostTime {
    /// How far this host's clock may be from Okta's without anybody being told, milliseconds.
    package static let tolerance: Int64 = 60_000
}

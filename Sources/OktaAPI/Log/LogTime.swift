/// A point in time on one scale, in milliseconds since 1970-01-01T00:00:00Z. Each scale is a type of its own, because times of two scales can only
/// be compared under an assumption about how the scales relate. The assumptions that Tributary makes are the conversions in
/// this file, and no others.
package struct LogTime<Scale>: Sendable, Hashable, Comparable, Codable {
    package let milliseconds: Int64

    package init(_ milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// A plain number: milliseconds since 1970.
    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    /// The time this many milliseconds later (or earlier, if negative), clamped to the representable range.
    package func advanced(by milliseconds: Int64) -> Self {
        let (sum, overflows) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Self(overflows ? (milliseconds < 0 ? .min : .max) : sum)
    }
}

package enum StoredScale {}
package enum PublishedScale {}
package enum ServerScale {}
package enum HostScale {}

/// When Okta stored an event. No answer contains it, but the `since` of a polling query refers to it (System Log API, polling requests).
package typealias StoredTime = LogTime<StoredScale>
/// An event's `published`.
package typealias PublishedTime = LogTime<PublishedScale>
/// The `Date` of an answer.
package typealias ServerTime = LogTime<ServerScale>
/// This host's clock.
package typealias HostTime = LogTime<HostScale>

extension PublishedTime {
    /// How much later than the time of storing an event's `published` may be, in milliseconds.
    package static let tolerance: Int64 = 300_000

    /// The event was stored at this time or later, if an event is never stored earlier than ``tolerance`` before its `published`. This is an assumption.
    package var earliestStored: StoredTime { StoredTime(milliseconds).advanced(by: -Self.tolerance) }
}

extension ServerTime {
    /// All events in an answer with this `Date` were stored at this time or earlier, if no event in an answer was stored after the answer's `Date`. This is an
    /// assumption. `Date` has whole seconds, so the true time can be up to a second later.
    package var latestStored: StoredTime { StoredTime(milliseconds).advanced(by: 1_000) }
}

extension HostTime {
    /// If this host's clock differs from Okta's by more, Tributary reports it. Milliseconds.
    package static let tolerance: Int64 = 60_000
}

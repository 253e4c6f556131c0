/// A point in time on one scale, in milliseconds since 1970-01-01T00:00:00Z. Each scale has its own type, so that times of two scales are not
/// compared by mistake. The conversions in this file say what they assume about how two scales relate.
package struct LogTime<Scale>: Sendable, Hashable, Comparable, Codable {
    package let milliseconds: Int64

    package init(_ milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// Decodes a plain number, the milliseconds since 1970.
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

/// The time at which Okta stored an event. No answer contains this time, but the `since` of a polling query refers to it (System Log API, polling
/// requests).
package typealias StoredTime = LogTime<StoredScale>
/// A time on the scale of the events' `published`.
package typealias PublishedTime = LogTime<PublishedScale>
/// A time on Okta's clock, from the `Date` header of an answer.
package typealias ServerTime = LogTime<ServerScale>
/// A time on this host's clock.
package typealias HostTime = LogTime<HostScale>

extension PublishedTime {
    /// The maximum time, in milliseconds, by which an event's `published` can be later than the moment when Okta stored the event.
    package static let tolerance: Int64 = 300_000

    /// The earliest moment when Okta can have stored an event with this `published`: ``tolerance`` milliseconds before `published`.
    package var earliestStored: StoredTime { StoredTime(milliseconds).advanced(by: -Self.tolerance) }
}

extension ServerTime {
    /// The latest time at which Okta can have stored the events in an answer with this `Date`. This assumes that no event in an answer was stored
    /// after the answer's `Date`. `Date` has whole seconds, so the true time can be up to a second later.
    package var latestStored: StoredTime { StoredTime(milliseconds).advanced(by: 1_000) }
}

extension HostTime {
    /// Up to this difference, in milliseconds, Tributary treats this host's clock and Okta's as equal.
    package static let tolerance: Int64 = 60_000
}

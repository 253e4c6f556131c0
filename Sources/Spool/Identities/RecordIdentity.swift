/// What tells a record from every other: 128 bits, made by the caller, evenly spread or not.
package struct RecordIdentity: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// One of the writer's memories of identities; the caller gives each its meaning. 0...7.
package struct IdentityWindow: RawRepresentable, Hashable, Sendable {
    static let limit: UInt8 = 8
    /// 4 MiB of identities. Eight windows of as many, and of a commit's more each, fit a journal's header.
    static let maximumBound = 1 << 18
    /// Of `restored`: 16 MiB of identities.
    static let restoredBound = 1 << 20
    /// Identities that a window keeps where nobody set a bound.
    static let defaultBound = 8_192

    package let rawValue: UInt8

    /// Filled by `StateRestoration`: records of segments that the journal does not know of. Whoever appends records drops those that are in it.
    package static let restored = IdentityWindow(number: 3)

    private init(number: UInt8) { rawValue = number }

    /// Nil above 7.
    package init?(rawValue: UInt8) {
        guard rawValue < Self.limit else { return nil }
        self.rawValue = rawValue
    }
}

/// Two times that the caller gives for all identities of a commit. The spool only finds the smallest `earliest` and the largest
/// `latest` of several commits.
package struct IdentityTimes: Hashable, Sendable {
    package var earliest: Int64
    package var latest: Int64

    package init(earliest: Int64, latest: Int64) {
        self.earliest = earliest
        self.latest = latest
    }

    mutating func extend(to other: IdentityTimes) {
        earliest = min(earliest, other.earliest)
        latest = max(latest, other.latest)
    }
}

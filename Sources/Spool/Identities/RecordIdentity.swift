/// Identifies one record among all others: 128 bits, chosen by the caller. They need not be evenly distributed.
package struct RecordIdentity: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// One of the sets of identities that the writer remembers. The sets are numbered 0...7. Except for `restored`, the caller decides what each set is
/// for.
package struct IdentityWindow: RawRepresentable, Hashable, Sendable {
    static let limit: UInt8 = 8
    /// The largest bound that a caller can set: 4 MiB of identities. Eight windows of this size, plus one commit's identities in each, fit in a
    /// journal's header.
    static let maximumBound = 1 << 18
    /// The bound of the window `restored`: 16 MiB of identities.
    static let restoredBound = 1 << 20
    /// The bound of a window whose bound was never set.
    static let defaultBound = 8_192

    package let rawValue: UInt8

    /// `StateRestoration` fills this window with the identities of the records in segments that are unknown to the journal. The caller must not
    /// append a record whose identity is in this window.
    package static let restored = IdentityWindow(number: 3)

    private init(number: UInt8) { rawValue = number }

    /// Nil if the number is greater than 7.
    package init?(rawValue: UInt8) {
        guard rawValue < Self.limit else { return nil }
        self.rawValue = rawValue
    }
}

/// Two points in time that the caller chooses for a commit. They apply to all identities of the commit. The spool uses them only to find the largest
/// or smallest `earliest`, and the largest `latest`, of several commits.
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

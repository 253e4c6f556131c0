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

    package let rawValue: UInt8

    /// Nil above 7.
    package init?(rawValue: UInt8) {
        guard rawValue < Self.limit else { return nil }
        self.rawValue = rawValue
    }
}

/// How much a window remembers.
struct IdentityBound: Equatable, Sendable {
    /// 4 MiB of identities. Eight windows of as many, and of a commit's more each, fit a journal's header.
    static let maximumCount = 1 << 18

    /// The newest so many at least; the commit that holds the last of them stays whole. 0...`maximumCount`.
    var count = 8_192
    /// How far a commit's mark may be below the newest; nil for any distance.
    var span: Int64?
}

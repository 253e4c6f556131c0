/// Where a delivery's segments come from, and where it is kept which of them are delivered: the spool of this host, or the bucket of a fleet.
///
/// A source gives its segments in one order, under numbers that grow. Only the longest run of delivered segments is acknowledged. What takes time goes on in
/// ``run()``, next to the transfers, so that no other call waits for a network.
package protocol SegmentSource: Sendable {
    /// Where segments come from, for a person; nil for the spool of this host.
    var place: String? { get }
    /// Who delivers instead of this process, which waits for its turn; nil if it is this one.
    var holder: String? { get }
    /// Segments that are known and not delivered, and their bytes.
    var lag: (segments: Int, bytes: Int64) { get }

    /// Looks for what is new. Called once a second.
    ///
    /// - Parameter missing: segments that were missing when they were to be delivered.
    /// - Returns: the number after which the delivery begins, or begins again; else nil.
    /// - Throws: what keeps it from its segments; it is called again later.
    func look(missing: [DeliverySegment]) throws(DeliveryTrouble) -> Int64?

    /// The next segment, not taken; nil while there is none.
    func peek() throws(DeliveryTrouble) -> SourceSegment?
    /// Takes the segment that ``peek()`` gave.
    func take()
    /// A segment needs no delivery any more.
    func settle(bytes: Int64)

    /// Acknowledges all segments up to a number.
    ///
    /// - Returns: the number up to which they are acknowledged durably; it may reach the other one later.
    func acknowledge(through number: Int64) throws(DeliveryTrouble) -> Int64
    /// What to do while acknowledging fails.
    var acknowledgementRemedy: String { get }
    /// How to skip a segment.
    func skipping(_ segment: DeliverySegment) -> String

    /// What the source does on its own, until the task is cancelled.
    func run() async
    /// Writes what is acknowledged and not durable yet, as far as that is possible now. The source is not used afterwards.
    ///
    /// - Returns: as ``acknowledge(through:)`` does.
    func close() async -> Int64

    /// Makes a segment's file readable for a destination.
    func fetch(_ segment: DeliverySegment) async -> SegmentFetch
    /// A segment's file is not needed any more.
    func release(_ segment: DeliverySegment)
}

/// A segment in its place in a source's order.
package struct SourceSegment: Sendable, Equatable {
    package var segment: DeliverySegment
    /// Whether it holds records. What could not become a record stays where it is, for its owner to look at.
    package var isDelivered: Bool
    /// Whether it was deleted.
    package var isGone: Bool

    package init(_ segment: DeliverySegment, isDelivered: Bool, isGone: Bool = false) {
        self.segment = segment
        self.isDelivered = isDelivered
        self.isGone = isGone
    }
}

/// What came of fetching a segment.
package enum SegmentFetch: Sendable, Equatable {
    case ready
    /// It is not in the spool any more.
    case isMissing
    /// Not now, or not at all.
    case failed(DeliveryOutcome)
}

/// Provides a delivery's segments, and stores which of them are delivered. A source is either the spool of this host or the bucket of a fleet.
///
/// A source gives its segments in a fixed order, with increasing numbers. Only segments before the first undelivered one are acknowledged. Only the
/// `async` methods wait for the network. ``run()`` works concurrently with the transfers.
package protocol SegmentSource: Sendable {
    /// The source's address, for a person; nil for the spool of this host.
    var place: String? { get }
    /// The host that delivers while this process waits for its turn; nil if this process does not wait for another host.
    var holder: String? { get }
    /// The number of known segments that are not delivered, and their bytes.
    var lag: (segments: Int, bytes: Int64) { get }

    /// Lets the source look for new segments, and report its problems. Called once a second or more often; after a failure, only after ten seconds.
    ///
    /// - Parameter missing: segments that were missing when they were to be delivered. The source checks whether they were restored or skipped.
    /// - Returns: the number of the segment after which the delivery must begin, or begin again; nil if nothing changes.
    /// - Throws: the reason why segments can't be read. The caller tries again later.
    func refresh(missing: [DeliverySegment]) throws(DeliveryTrouble) -> Int64?

    /// The next segment; nil while there is no further segment. Further calls return the same segment until ``take()``.
    func peek() throws(DeliveryTrouble) -> SourceSegment?
    /// Marks the segment that ``peek()`` returned as taken. The next call of ``peek()`` returns the segment after it.
    func take()
    /// Notes that a segment of this size needs no delivery any more, so that ``lag`` no longer counts it.
    func settle(bytes: Int64)

    /// Acknowledges all segments up to a number.
    ///
    /// - Returns: the number up to which segments are durably acknowledged now; later calls may return a larger number.
    func acknowledge(through number: Int64) throws(DeliveryTrouble) -> Int64
    /// The advice to show while acknowledgements fail.
    var acknowledgementRemedy: String { get }
    /// The command with which an operator can skip a segment, as text for messages.
    func skipping(_ segment: DeliverySegment) -> String

    /// Does the source's background work until the task is cancelled.
    func run() async
    /// Tries to write the acknowledgements that are not durable yet. The source is not used afterwards.
    ///
    /// - Returns: the number up to which segments are durably acknowledged, as ``acknowledge(through:)`` does.
    func close() async -> Int64

    /// Makes a segment's file available on this host, so that a destination can read it.
    func fetch(_ segment: DeliverySegment) async -> SegmentFetch
    /// Notes that a segment's file is not needed any more.
    func release(_ segment: DeliverySegment)
}

/// A segment that a source provides, and whether it is to be delivered.
package struct SourceSegment: Sendable, Equatable {
    package var segment: DeliverySegment
    /// Whether the segment is to be delivered. A segment of events that can't become records is not delivered: it is kept for a person to examine.
    package var isDelivered: Bool
    /// Whether the segment's file was deleted. Only the spool of this host sets this. In a fleet it is always false.
    package var isGone: Bool

    package init(_ segment: DeliverySegment, isDelivered: Bool, isGone: Bool = false) {
        self.segment = segment
        self.isDelivered = isDelivered
        self.isGone = isGone
    }
}

/// The result of fetching a segment.
package enum SegmentFetch: Sendable, Equatable {
    case ready
    /// The segment's file does not exist any more.
    case isMissing
    /// Fetching failed, temporarily or permanently, or was cancelled.
    case failed(DeliveryOutcome)
}

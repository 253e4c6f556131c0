import Delivery
import Spool

/// The segments that a delivery has read from a fleet's seals. The segments of all integrations are numbered in one order. For each number, the queue
/// knows the position that each integration has once all segments up to that number are acknowledged. A plain value.
struct FleetQueue: Sendable {
    /// The number of segments to read ahead. The last seal is added completely, even if its segments exceed this number. Together with
    /// ``Delivery/Deliverer/window``, this number limits the memory use.
    static let limit = 512

    /// The positions that are durably acknowledged, by integration.
    private(set) var acknowledged: [String: SealPosition]
    /// For each integration, the generation up to which all seals were added or are acknowledged.
    private(set) var read: [String: UInt64] = [:]
    private var waiting: [SourceSegment] = []
    private var first = 0
    /// The numbers of the segments that are not yet acknowledged, in order, each with the segment's position.
    private var open: [(number: Int64, integration: String, position: SealPosition)] = []
    private var number: Int64 = 0
    private(set) var segments = 0
    private(set) var bytes: Int64 = 0

    init(acknowledged: [String: SealPosition]) {
        self.acknowledged = acknowledged
        // The seal at the acknowledged position may have further segments, so it is read again.
        for (integration, position) in acknowledged { read[integration] = max(1, position.generation) - 1 }
    }

    var isFull: Bool { waiting.count - first >= Self.limit }

    /// The number of the segment that was added last.
    var last: Int64 { number }

    /// Adds the next seal of an integration.
    ///
    /// - Parameters:
    ///   - gone: paths of segments that are skipped because they were deleted before the delivery began.
    ///   - directory: the directory for the segments' files.
    mutating func add(_ seal: SealDecision, leavingOut gone: Set<String>, directory: String) {
        read[seal.integration] = seal.generation
        let after = acknowledged[seal.integration]
        for listing in seal.listings(after: after) {
            append(
                listing.segment, listing,
                isDelivered: listing.segment.isDelivered && !gone.contains(listing.segment.path),
                directory)
        }
        guard seal.segments.isEmpty else { return }
        // The seal has no segments: only the cursor has moved. The loader's position moves as well, so that it never refers to a seal that was
        // deleted because of its age.
        let position = SealPosition(generation: seal.generation, segments: 0)
        if let after, after.covers(position) { return }
        let listing = FleetListing(
            segment: SealedSegment(nothingOf: seal), integration: seal.integration, position: position)
        append(listing.segment, listing, isDelivered: false, directory)
    }

    private mutating func append(
        _ segment: SealedSegment, _ listing: FleetListing, isDelivered: Bool, _ directory: String
    ) {
        number += 1
        open.append((number, listing.integration, listing.position))
        waiting.append(
            SourceSegment(
                DeliverySegment(segment, sequence: number, spool: directory, position: listing.place),
                isDelivered: isDelivered))
        if isDelivered {
            segments += 1
            bytes += segment.bytes
        }
    }

    func peek() -> SourceSegment? { first < waiting.count ? waiting[first] : nil }

    mutating func take() {
        first += 1
        guard first > Self.limit || first == waiting.count else { return }
        waiting.removeFirst(first)
        first = 0
    }

    mutating func settle(bytes settled: Int64) {
        segments = max(0, segments - 1)
        bytes = max(0, bytes - settled)
    }

    /// Each integration's acknowledged position once all segments up to this number are acknowledged.
    func positions(through number: Int64) -> [String: SealPosition] {
        var positions = acknowledged
        for entry in open.prefix(while: { $0.number <= number }) { positions[entry.integration] = entry.position }
        return positions
    }

    /// Notes that all segments up to this number are durably acknowledged.
    mutating func acknowledge(through number: Int64) {
        acknowledged = positions(through: number)
        open.removeFirst(open.prefix { $0.number <= number }.count)
    }
}

extension SealedSegment {
    /// A placeholder for a seal without segments.
    fileprivate init(nothingOf seal: SealDecision) {
        self.init(
            sequence: nil, path: "", integration: seal.integration, partition: [:], kind: "none", records: 0, bytes: 0,
            uncompressedBytes: 0, sha256: "", firstTime: 0, lastTime: 0, sealedAt: seal.sealedAt, schema: "", format: 1)
    }
}

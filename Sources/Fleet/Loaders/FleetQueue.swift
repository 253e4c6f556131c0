import Delivery
import Spool

/// What a delivery has read of a fleet's seals: segments under numbers, in one order over all integrations, and what an acknowledgement up to a number means for
/// each integration. A plain value.
struct FleetQueue: Sendable {
    /// Segments that are read ahead. With a delivery's own bound it bounds memory, but for one seal's segments.
    static let limit = 512

    /// What is acknowledged durably.
    private(set) var acknowledged: [String: SealPosition]
    /// The last seal of each integration that was added. All before it were added or acknowledged.
    private(set) var read: [String: UInt64] = [:]
    private var waiting: [SourceSegment] = []
    private var first = 0
    /// Numbers that are not acknowledged, in order, with what they mean.
    private var open: [(number: Int64, integration: String, position: SealPosition)] = []
    private var number: Int64 = 0
    private(set) var segments = 0
    private(set) var bytes: Int64 = 0

    init(acknowledged: [String: SealPosition]) {
        self.acknowledged = acknowledged
        // The seal itself may have more segments, so it is read again.
        for (integration, position) in acknowledged { read[integration] = max(1, position.generation) - 1 }
    }

    var isFull: Bool { waiting.count - first >= Self.limit }

    /// The last number that was given.
    var last: Int64 { number }

    /// Adds the next seal of an integration.
    ///
    /// - Parameters:
    ///   - gone: paths of segments that are left out because they were deleted before the delivery began.
    ///   - directory: where files of segments will be.
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
        // Only the cursor has moved. The position moves too, so that it does not point at a seal that is deleted by its age.
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

    /// What is acknowledged when all up to a number are.
    func positions(through number: Int64) -> [String: SealPosition] {
        var positions = acknowledged
        for entry in open.prefix(while: { $0.number <= number }) { positions[entry.integration] = entry.position }
        return positions
    }

    /// All up to a number are acknowledged durably.
    mutating func acknowledge(through number: Int64) {
        acknowledged = positions(through: number)
        open.removeFirst(open.prefix { $0.number <= number }.count)
    }
}

extension SealedSegment {
    /// Stands for a seal that has no segments.
    fileprivate init(nothingOf seal: SealDecision) {
        self.init(
            sequence: nil, path: "", integration: seal.integration, partition: [:], kind: "none", records: 0, bytes: 0,
            uncompressedBytes: 0, sha256: "", firstTime: 0, lastTime: 0, sealedAt: seal.sealedAt, schema: "", format: 1)
    }
}

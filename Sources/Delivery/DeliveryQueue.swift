import Glibc
import Spool

/// Reads the manifest in pieces: finds the next segments to deliver, and counts the backlog. Memory use does not depend on the backlog's size.
struct DeliveryQueue {
    /// The maximum number of the manifest's lines that ``peek()`` reads at a time.
    static let pieceLines = 64
    /// How long one call of ``count()`` may take. This is short, because the delivery begins no transfer during the call.
    static let countingTime = Duration.milliseconds(50)

    let reader: SpoolReader
    private var lines: [SegmentListing] = []
    private var next = 0
    private var listed: Int64
    private(set) var lag = DeliveryLag()
    /// The manifest's size when ``peek()`` last found no further line; -2 before that.
    private var readBytes: Int64 = -2
    /// The manifest's size when ``count()`` last found no further line; -2 before that.
    private var countedBytes: Int64 = -2

    /// Starts with the segment after a position.
    init(_ reader: SpoolReader, after position: Int64) {
        self.reader = reader
        listed = position
        lag.counted = position
    }

    /// The next line of the manifest; `nil` while there is no further line. Further calls return the same line until ``take()``.
    mutating func peek() throws(SpoolError) -> SegmentListing? {
        if next == lines.count {
            let size = manifestBytes
            guard size != readBytes else { return nil }
            lines.removeAll(keepingCapacity: true)
            next = 0
            var piece: [SegmentListing] = []
            try reader.listed(after: listed) { (line) throws(SpoolError) in
                piece.append(line)
                return piece.count < Self.pieceLines
            }
            lines = piece
            listed = lines.last?.segment?.sequence ?? listed
            for line in lines { lag.count(line) }
            if lines.isEmpty { readBytes = size }
        }
        return next < lines.count ? lines[next] : nil
    }

    /// Marks the line that ``peek()`` returned as taken. The next call of ``peek()`` returns the line after it.
    mutating func take() { next += 1 }

    /// Removes a segment of this size from the backlog, because the segment needs no delivery any more.
    mutating func settle(bytes: Int64) { lag.settle(bytes: bytes) }

    /// Counts the manifest's segments that were not counted yet, and adds them to the backlog. Stops after ``countingTime``; the next call continues.
    mutating func count() throws(SpoolError) {
        let size = manifestBytes
        guard size != countedBytes else { return }
        var lag = lag
        var read = 0
        let end = ContinuousClock.now + Self.countingTime
        try reader.listed(after: lag.counted) { (line) throws(SpoolError) in
            lag.count(line)
            read += 1
            return !read.isMultiple(of: 16) || ContinuousClock.now < end
        }
        self.lag = lag
        if read == 0 { countedBytes = size }
    }

    /// The manifest's present size; -1 if there is no manifest. The manifest only grows, so it has no new line if its size is unchanged.
    private var manifestBytes: Int64 {
        var status = stat()
        return stat("\(reader.directory)/_manifest.ndjson", &status) == 0 ? Int64(status.st_size) : -1
    }
}

/// The backlog: segments that wait to be delivered.
struct DeliveryLag: Sendable, Equatable {
    private(set) var segments = 0
    private(set) var bytes: Int64 = 0
    /// The last position that was counted.
    var counted: Int64 = 0

    mutating func count(_ line: SegmentListing) {
        guard let segment = line.segment, let sequence = segment.sequence, sequence > counted else { return }
        counted = sequence
        guard segment.isDelivered else { return }
        segments += 1
        bytes += segment.bytes
    }

    mutating func settle(bytes settled: Int64) {
        segments = max(0, segments - 1)
        bytes = max(0, bytes - settled)
    }
}

extension SealedSegment {
    /// Whether deliveries send this segment: true for records. Events that were set aside stay in the spool, for a person to examine.
    package var isDelivered: Bool { kind == "records" }
}

extension DeliverySegment {
    init?(_ line: SegmentListing, spool: String) {
        guard let segment = line.segment, let sequence = segment.sequence else { return nil }
        self.init(segment, sequence: sequence, spool: spool)
    }

    /// - Parameters:
    ///   - sequence: the segment's number in the source.
    ///   - spool: the absolute path of the spool's directory.
    ///   - position: the segment's position in a fleet; nil for a segment of a manifest.
    package init(_ segment: SealedSegment, sequence: Int64, spool: String, position: String? = nil) {
        self.init(
            sequence: sequence, path: segment.path, spool: spool, integration: segment.integration,
            className: segment.partition["class"] ?? "", date: segment.partition["date"] ?? "",
            records: segment.records, bytes: segment.bytes, sha256: segment.sha256, sealedAt: segment.sealedAt,
            schema: segment.schema, position: position)
    }
}

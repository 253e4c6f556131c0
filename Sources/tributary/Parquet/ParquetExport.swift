import Collector
import Delivery
import Glibc
import Spool

/// The position up to which segments were exported for a loader. The export stores this position as the loader's acknowledgement.
struct LoaderProgress {
    let loader: String
    private let files: AcknowledgementFiles
    private(set) var position: Int64

    /// Registers the loader if it is new.
    init(_ loader: String, spool: String) throws(SpoolError) {
        self.loader = loader
        files = AcknowledgementFiles(spool: spool)
        try AcknowledgementDirectory(path: files.directory, spool: spool).makeIfMissing()
        if let known = try files.acknowledgement(of: loader) {
            position = known.sequence
        } else {
            position = -1
            try acknowledge(0)
        }
    }

    mutating func acknowledge(_ sequence: Int64) throws(SpoolError) {
        guard sequence > position else { return }
        // The acknowledgement's file must be readable by the group, because the daemon reads the file.
        let mask = umask(0o027)
        defer { umask(mask) }
        position = try files.acknowledge(loader, through: sequence, at: WallClock.now()).sequence
    }
}

/// One run of the export. Each selected segment of records becomes a file, unless an earlier run has already made that file or the segment was
/// deleted.
struct ParquetExport {
    /// The number of segments between two acknowledgements. An acknowledgement costs three fsync calls, so it is not written after each segment.
    private static let acknowledgeEvery = 64

    let reader: SpoolReader
    let target: ParquetTarget
    var progress: LoaderProgress?
    let python: String
    let script: String
    private(set) var written = 0
    private(set) var present = 0
    private(set) var gone = 0
    private var helper: ParquetHelper?

    init(reader: SpoolReader, target: ParquetTarget, progress: LoaderProgress?, python: String, script: String) {
        self.reader = reader
        self.target = target
        self.progress = progress
        self.python = python
        self.script = script
    }

    mutating func run(after position: Int64, including isWanted: (SealedSegment) -> Bool) throws {
        var last = position
        var sinceAcknowledged = 0
        while true {
            // The manifest is read in parts, so that memory does not depend on the number of segments.
            var part: [SegmentListing] = []
            try reader.listed(after: last) { (listing) throws(SpoolError) in
                part.append(listing)
                return part.count < 1_000
            }
            guard let end = part.last?.segment?.sequence else { break }
            for listing in part {
                guard let segment = listing.segment, let sequence = segment.sequence else { continue }
                if segment.kind == "records", isWanted(segment) { try export(segment) }
                last = sequence
                sinceAcknowledged += 1
                if sinceAcknowledged == Self.acknowledgeEvery {
                    try progress?.acknowledge(sequence)
                    sinceAcknowledged = 0
                }
            }
            last = end
        }
        try progress?.acknowledge(last)
    }

    private mutating func export(_ segment: SealedSegment) throws {
        guard let path = target.path(of: segment) else { return }
        guard try !target.holds(path) else {
            present += 1
            return
        }
        guard try reader.isPresent(segment.path) else {
            gone += 1
            Terminal.complain("this segment was deleted before it was exported: \(segment.path)")
            return
        }
        let helper = try helper ?? ParquetHelper(python: python, script: script)
        self.helper = helper
        try helper.write(
            target.temporary, segment: segment.path, className: segment.partition["class"] ?? "",
            records: segment.records, in: reader.directory)
        try target.publish(path)
        written += 1
        try StandardOutput.put(Array((path + "\n").utf8))
    }
}

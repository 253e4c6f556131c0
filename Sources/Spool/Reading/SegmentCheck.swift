/// Compares a segment's bytes with the facts that were recorded when it was sealed.
package struct SegmentCheck {
    private let segment: SealedSegment
    private let options: VerifyOptions
    /// Where the facts about the segment were recorded, for messages: "the manifest" or "its seal".
    private let record: String
    private let digest: SegmentDigest
    private let splitter = LineSplitter()
    private var length: Int64 = 0
    private var uncompressed: Int64 = 0
    private var summary = RecordSummary()
    /// The fingerprints that the parameter `keeping` of ``lines(_:keeping:)`` has selected.
    package private(set) var fingerprints: [UInt128] = []

    package init(_ segment: SealedSegment, _ options: VerifyOptions, record: String) throws(SpoolError) {
        self.segment = segment
        self.options = options
        self.record = record
        digest = try SegmentDigest()
    }

    /// The number of lines that were read so far.
    package var records: Int { summary.records }

    /// Checks a piece of the segment's file, in the order of the file.
    package mutating func packed(_ piece: UnsafeRawBufferPointer) throws(SpoolError) {
        length += Int64(piece.count)
        try digest.update(piece)
    }

    /// Checks a piece of the segment's decompressed lines, in their order.
    ///
    /// - Parameter keeping: selects the fingerprints to keep.
    package mutating func lines(
        _ piece: UnsafeRawBufferPointer, keeping: (UInt128) -> Bool
    ) throws(SpoolError) {
        uncompressed += Int64(piece.count)
        // The closure changes this struct, so the splitter is used as a copy. The copy shares its buffer with the original.
        var splitter = splitter
        try splitter.feed(piece) { (line) throws(SpoolError) in
            summary.records += 1
            if let time = options.time?(line) {
                summary.firstTime = min(summary.firstTime, time)
                summary.lastTime = max(summary.lastTime, time)
            }
            if segment.kind == "records", let uid = options.uid?(line), keeping(uid) { fingerprints.append(uid) }
        }
    }

    /// The differences that were found. Call this after the last piece.
    package func problems() throws(SpoolError) -> [SpoolProblem] {
        var found: [SpoolProblem] = []
        func report(_ kind: SpoolProblem.Kind, _ detail: String) {
            found.append(SpoolProblem(kind: kind, path: segment.path, detail: detail))
        }
        if length != segment.bytes {
            report(.size, "the file has \(length) bytes, but \(record) says \(segment.bytes)")
        }
        let digest = try digest.finish()
        if digest != segment.sha256 {
            report(.digest, "the SHA-256 is \(digest), but \(record) says \(segment.sha256)")
        }
        if summary.records != segment.records {
            report(.records, "the file has \(summary.records) records, but \(record) says \(segment.records)")
        }
        if uncompressed != segment.uncompressedBytes {
            report(
                .uncompressedBytes,
                "the decompressed lines have \(uncompressed) bytes, but \(record) says \(segment.uncompressedBytes)")
        }
        if splitter.endsInsideLine { report(.unterminated, "the last line has no newline") }
        if options.time != nil, summary.firstTime <= summary.lastTime,
            summary.firstTime != segment.firstTime || summary.lastTime != segment.lastTime
        {
            report(
                .times,
                "the event times are \(summary.firstTime) to \(summary.lastTime), but \(record) says "
                    + "\(segment.firstTime) to \(segment.lastTime)")
        }
        return found
    }
}

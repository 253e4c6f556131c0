import ArgumentParser
import Delivery
import Fleet
import Glibc
import Spool

struct SpoolCat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Print the records of sealed segments, one per line.",
        discussion: """
            Reads the segments in the order in which they were sealed. A segment is skipped if its class, day and times in the manifest show that \
            it contains no requested record. If you give paths, as `spool list` shows them, only those segments are read. With --bucket, reads the \
            segments of a fleet, one integration after the other.

            Example:
              tributary spool cat --class authentication --since 2h | \\
                jq -r .actor.user.name
              tributary spool cat --since 2026-11-23T08:00:00Z --until 2026-11-23T09:00:00Z
              tributary spool cat --uid 5c1f6c2e-1111-11f1-9a3b-0242ac120002
              tributary spool cat --bucket --integration acme --since 2h
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var bucket: BucketOptions
    @OptionGroup var filter: SegmentFilter
    @OptionGroup var records: RecordFilter

    @Flag(
        help:
            "Print the events that could not become records, instead of records. Time filters then use the time of collection."
    )
    var rejected = false

    @Option(help: "Print at most this many lines.")
    var limit: Int?

    @Argument(help: "Read only these segments, given by their paths in the spool.")
    var paths: [String] = []

    func validate() throws {
        for path in paths
        where !(path.hasPrefix("integration=") || path.hasPrefix("_rejected/")) || path.contains("/../") {
            throw ValidationError("\(path): a segment's path below the spool begins with integration= or _rejected/")
        }
        if rejected, !records.uid.isEmpty {
            throw ValidationError("--uid: events that could not become records have no uid")
        }
    }

    func run() async throws {
        let matcher = try records.matcher(rejected: rejected)
        var left = limit ?? .max
        if bucket.isOn {
            return try await bucket.reading(options) { list in
                try await BucketReading(list: list, command: self, matcher: matcher).run()
            }
        }
        try options.refuseFleet(instead: SpoolOptions.useBucket)
        let reader = try options.reader()
        do throws(SpoolError) {
            for path in paths { try cat(path, from: reader, matcher, &left) }
            guard paths.isEmpty else { return }
            for listing in try reader.segments() where listing.state == .present && left > 0 {
                guard let segment = listing.segment, (segment.kind == "rejected") == rejected, filter.includes(segment),
                    matcher.mayBeIn(segment)
                else { continue }
                do throws(SpoolError) {
                    try cat(listing.path, from: reader, matcher, &left)
                } catch .file(let error) where error.path.hasSuffix(listing.path) && error.code == ENOENT {
                    // The segment was deleted after the listing.
                    continue
                }
            }
        } catch .file(let error) where error.path == StandardOutput.name {
            throw ExitStatus.inputOutput
        } catch {
            throw SpoolOptions.failed(error)
        }
    }

    private func cat(
        _ path: String, from reader: SpoolReader, _ matcher: RecordMatcher, _ left: inout Int
    ) throws(SpoolError) {
        // If there is neither a filter nor a limit, the pieces are written as they are. Otherwise, each line is checked and written separately.
        if limit == nil, matcher.takesAll {
            try reader.cat(path) { (piece) throws(SpoolError) in try StandardOutput.put(piece) }
            return
        }
        try reader.lines(path) { (line) throws(SpoolError) in
            guard left > 0, matcher.takes(line) else { return }
            left -= 1
            try StandardOutput.put(Array(line) + [0x0A])
        }
    }
}

/// Reads segments of a fleet's bucket.
private struct BucketReading {
    let list: SealList
    let command: SpoolCat
    let matcher: RecordMatcher
    private var left: Int

    init(list: SealList, command: SpoolCat, matcher: RecordMatcher) {
        self.list = list
        self.command = command
        self.matcher = matcher
        left = command.limit ?? .max
    }

    func run() async throws {
        var reading = self
        try await reading.readAll()
    }

    private mutating func readAll() async throws {
        for path in command.paths {
            guard let bytes = try await list.bytes(of: path) else {
                throw SpoolError.refused("\(list.place) has no segment \(path)")
            }
            try await cat(path, bytes)
        }
        guard command.paths.isEmpty else { return }
        for (name, oldest) in try await list.integrations() where (command.filter.integration ?? name) == name {
            var after: UInt64? = max(oldest, 1) - 1
            while let generation = after, left > 0 {
                let piece = try await list.piece(name, after: generation)
                after = piece.next
                var seals = piece.seals
                for index in seals.indices { seals[index].segments.removeAll { !mayHold($0) } }
                for listing in try await list.listings(seals, after: nil) where left > 0 {
                    if let bytes = listing.bytes { try await cat(listing.segment.path, bytes) }
                }
            }
        }
    }

    private func mayHold(_ segment: SealedSegment) -> Bool {
        (segment.kind == "rejected") == command.rejected && command.filter.includes(segment) && matcher.mayBeIn(segment)
    }

    private mutating func cat(_ path: String, _ bytes: Int64) async throws {
        var pieces = SegmentPieces(list, path: path, bytes: bytes)
        let stream = try SegmentStream(path: path)
        var splitter = LineSplitter()
        let isWhole = command.limit == nil && matcher.takesAll
        while left > 0, let piece = try await pieces.next() {
            try piece.withUnsafeBytes { bytes in
                try stream.feed(bytes) { (lines) throws(SpoolError) in
                    if isWhole { return try StandardOutput.put(lines) }
                    try splitter.feed(lines) { (line) throws(SpoolError) in
                        guard left > 0, matcher.takes(line) else { return }
                        left -= 1
                        try StandardOutput.put(Array(line) + [0x0A])
                    }
                }
            }
        }
        // `finish` checks a segment that was read to its end. Reading stops before the end if the segment is deleted meanwhile, or if the limit is
        // reached.
        if !pieces.isGone, left > 0 { try stream.finish() }
    }
}

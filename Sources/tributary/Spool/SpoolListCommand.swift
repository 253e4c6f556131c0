import ArgumentParser
import Collector
import Delivery
import Fleet
import FoundationEssentials
import Spool

struct SpoolList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the sealed segments in the order in which they were sealed.",
        discussion: """
            A loader uses --since-manifest to list the segments after a position, in order. Deleted segments are listed, too, and marked. The loader \
            loads the segments that exist, stores the last position together with them, and continues from that position next time. Once shown, a \
            position belongs to its segment permanently, even after a power cut. If the position is after the manifest's end, for example because an \
            older copy of the spool was restored, the command exits with 65.

            With --bucket, the command lists a fleet's segments by integration, in the order of their seals. A position is then \
            INTEGRATION/GENERATION/SEGMENT. --since-manifest takes one position for each integration, separated by commas; an integration without a \
            position is listed from its first seal. --loader lists the segments after those that this loader has acknowledged. Segments that are not \
            visible in the bucket yet are omitted.

            Example:
              tributary spool list --class authentication
              tributary spool list --since-manifest 1200 --json --limit 100
              tributary spool list --bucket --loader warehouse --json
              tributary spool list --bucket --since-manifest acme/12/3,globex/4/1
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var bucket: BucketOptions
    @OptionGroup var filter: SegmentFilter

    @Option(
        help: ArgumentHelp(
            "Only segments after this position of the manifest, including deleted ones.", valueName: "position"))
    var sinceManifest: String?

    @Option(
        help: "With --bucket: only segments after this loader's acknowledged position, including deleted ones.",
        completion: .names(of: .loaders))
    var loader: String?

    @Option(help: "List at most this many segments.")
    var limit: Int?

    @Flag(help: "Also list segments that a loader or retention has deleted.")
    var gone = false

    @Flag(help: "Print one JSON object for each segment: its line of the manifest, and its state.")
    var json = false

    func validate() throws {
        if let sinceManifest, sinceManifest != "0" {
            if bucket.isOn {
                guard [String: SealPosition](positions: sinceManifest) != nil else {
                    throw ValidationError(
                        "--since-manifest: with --bucket, give one position for each integration, such as acme/12/3, and separate them with commas; 0 lists all segments"
                    )
                }
            } else if Int64(sinceManifest) ?? -1 < 0 {
                throw ValidationError("--since-manifest: positions begin with 1; 0 lists all segments")
            }
        }
        if loader != nil, !bucket.isOn || sinceManifest != nil {
            throw ValidationError("--loader requires --bucket, and can't be used with --since-manifest")
        }
        if limit ?? 1 < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        if bucket.isOn {
            return try await bucket.reading(options) { list in
                try await BucketListing(list: list, command: self).run()
            }
        }
        try options.refuseFleet(instead: SpoolOptions.useBucket)
        let reader = try options.reader()
        var left = limit ?? .max
        do throws(SpoolError) {
            if let sinceManifest = sinceManifest.flatMap({ Int64($0) }) {
                // The limit counts only segments that are shown. If it also counted those that the filter excludes, a loader could get an empty list
                // before the end of the manifest.
                try reader.listed(after: sinceManifest) { (listing) throws(SpoolError) in
                    guard left > 0, listing.segment.map(filter.includes) ?? false else { return left > 0 }
                    left -= 1
                    try show(listing)
                    return left > 0
                }
                return
            }
            for listing in try reader.segments() where left > 0 && (gone || listing.state != .gone) {
                // The class of a file without a manifest line is not known, so such a file is shown only without a filter.
                guard listing.segment.map(filter.includes) ?? filter.isEmpty else { continue }
                left -= 1
                try show(listing)
            }
        } catch .file(let error) where error.path == StandardOutput.name {
            throw ExitStatus.inputOutput
        } catch {
            throw SpoolOptions.failed(error)
        }
    }

    fileprivate func show(_ listing: FleetListing) throws(SpoolError) {
        let found = SegmentListing(
            state: listing.isGone ? .gone : .present, path: listing.segment.path, segment: listing.segment,
            bytesOnDisk: listing.bytes)
        try StandardOutput.put(
            Array(((json ? line(found, position: listing.place) : row(found, position: listing.place)) + "\n").utf8))
    }

    private func show(_ listing: SegmentListing) throws(SpoolError) {
        try StandardOutput.put(Array(((json ? line(listing) : row(listing)) + "\n").utf8))
    }

    private func row(_ listing: SegmentListing, position: String? = nil) -> String {
        guard let segment = listing.segment else { return "-  -  -  \(listing.path)  (not in the manifest)" }
        let state = listing.state == .gone ? "  (deleted)" : ""
        return """
            \(position ?? "\(segment.sequence ?? 0)")  \(segment.records) records  \(StatusReport.bytes(Int(segment.bytes)))  \
            \(segment.path)\(state)
            """
    }

    private struct Line: Encodable {
        let state: String
        let segment: SealedSegment?
        let path: String
        let position: String?

        enum CodingKeys: String, CodingKey { case state, path, position }

        func encode(to encoder: any Encoder) throws {
            try segment?.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(state, forKey: .state)
            try container.encode(path, forKey: .path)
            try container.encodeIfPresent(position, forKey: .position)
        }
    }

    private func line(_ listing: SegmentListing, position: String? = nil) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(state: listing.state.rawValue, segment: listing.segment, path: listing.path, position: position)
        return String(decoding: (try? encoder.encode(line)) ?? Data(), as: UTF8.self)
    }
}

extension SegmentFilter {
    var isEmpty: Bool { integration == nil && className == nil && date == nil }
}

/// Lists the segments of a fleet's bucket.
private struct BucketListing {
    let list: SealList
    let command: SpoolList

    func run() async throws {
        var positions: [String: SealPosition] = [:]
        var isAfterPosition = false
        if let loader = command.loader {
            try Acknowledgement.checkName(loader)
            positions = try await list.acknowledgement(of: loader)?.found.integrations ?? [:]
            isAfterPosition = true
        } else if let text = command.sinceManifest {
            positions = [String: SealPosition](positions: text) ?? [:]
            isAfterPosition = true
        }
        let integrations = try await list.integrations()
        let chosen = { (name: String) in (command.filter.integration ?? name) == name }
        // Positions are checked first, so that nothing is listed if a position is invalid.
        var starts: [String: UInt64] = [:]
        for (name, position) in positions.sorted(by: { $0.key < $1.key }) where chosen(name) {
            starts[name] = try await list.start(after: position, of: name)
        }
        var left = command.limit ?? .max
        for (name, oldest) in integrations where chosen(name) && left > 0 {
            let position = positions[name]
            var after: UInt64? = starts[name] ?? oldest - min(oldest, 1)
            while let generation = after, left > 0 {
                let piece = try await list.piece(name, after: generation)
                after = piece.next
                for listing in try await list.listings(piece.seals, after: position)
                where left > 0 && command.filter.includes(listing.segment) {
                    guard isAfterPosition || command.gone || !listing.isGone else { continue }
                    left -= 1
                    try command.show(listing)
                }
            }
        }
    }
}

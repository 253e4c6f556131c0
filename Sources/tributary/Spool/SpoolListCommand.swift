import ArgumentParser
import Collector
import FoundationEssentials
import Spool

struct SpoolList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The sealed segments, in the order in which they were sealed.",
        discussion: """
            With --since-manifest, for loaders: the segments after a position, in order. Segments deleted since are listed and marked. Load \
            those that are present, store the last position together with them, and ask again from there. A position that was shown \
            belongs to its segment permanently, also after a power cut. A position after the manifest's end, for example because an older spool was restored, \
            ends with 65.

            Example:
              tributary spool list --class authentication
              tributary spool list --since-manifest 1200 --json --limit 100     # for a loader that has 1200
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var filter: SegmentFilter

    @Option(
        help: ArgumentHelp("Only segments after this position of the manifest, deleted or not.", valueName: "position")
    )
    var sinceManifest: Int64?

    @Option(help: "At most this many.")
    var limit: Int?

    @Flag(help: "Also those that a loader or retention has deleted.")
    var gone = false

    @Flag(help: "A JSON object per segment: the manifest's line, and its state.")
    var json = false

    func validate() throws {
        if sinceManifest ?? 0 < 0 {
            throw ValidationError("--since-manifest: positions begin with 1; 0 is before the first")
        }
        if limit ?? 1 < 1 { throw ValidationError("--limit: at least 1") }
    }

    func run() throws {
        let reader = try options.reader()
        var left = limit ?? .max
        do throws(SpoolError) {
            if let sinceManifest {
                // The limit counts shown segments, so that a filter can't make a loader believe that it has reached the end.
                try reader.listed(after: sinceManifest) { (listing) throws(SpoolError) in
                    guard left > 0, listing.segment.map(filter.includes) ?? false else { return left > 0 }
                    left -= 1
                    try show(listing)
                    return left > 0
                }
                return
            }
            for listing in try reader.segments() where left > 0 && (gone || listing.state != .gone) {
                // A file without a manifest line belongs to no class. It is shown only without a filter.
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

    private func show(_ listing: SegmentListing) throws(SpoolError) {
        try StandardOutput.put(Array(((json ? line(listing) : row(listing)) + "\n").utf8))
    }

    private func row(_ listing: SegmentListing) -> String {
        guard let segment = listing.segment else { return "-  -  -  \(listing.path)  (not in the manifest)" }
        let state = listing.state == .gone ? "  (deleted)" : ""
        return """
            \(segment.sequence ?? 0)  \(segment.records) records  \(StatusReport.bytes(Int(segment.bytes)))  \
            \(segment.path)\(state)
            """
    }

    private struct Line: Encodable {
        let state: String
        let segment: SealedSegment?
        let path: String

        enum CodingKeys: String, CodingKey { case state, path }

        func encode(to encoder: any Encoder) throws {
            try segment?.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(state, forKey: .state)
            try container.encode(path, forKey: .path)
        }
    }

    private func line(_ listing: SegmentListing) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(state: listing.state.rawValue, segment: listing.segment, path: listing.path)
        return String(decoding: (try? encoder.encode(line)) ?? Data(), as: UTF8.self)
    }
}

extension SegmentFilter {
    var isEmpty: Bool { integration == nil && className == nil && date == nil }
}

import ArgumentParser
import Collector
import Foundation
import Spool

struct SpoolList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The sealed segments, in the order in which they were sealed.",
        discussion: """
            Example:
              tributary spool list --class authentication
              tributary spool list --since-manifest 1200 --json     # what came after position 1200, for a loader
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var filter: SegmentFilter

    @Option(help: "Only what stands behind this position of the manifest.")
    var sinceManifest: Int64 = 0

    @Flag(help: "Also those that a loader or retention has deleted.")
    var gone = false

    @Flag(help: "A JSON object per segment: the manifest's line, and its state.")
    var json = false

    func run() throws {
        let reader = try options.reader()
        let listings: [SegmentListing]
        do throws(SpoolError) {
            listings = try reader.segments(after: sinceManifest)
        } catch {
            throw SpoolOptions.failed(error)
        }
        for listing in listings where gone || listing.state != .gone {
            // What no manifest line describes belongs to no class: it is shown when everything is.
            guard listing.segment.map(filter.includes) ?? filter.isEmpty else { continue }
            try StandardOutput.write(Array(((json ? try line(listing) : row(listing)) + "\n").utf8))
        }
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

    private func line(_ listing: SegmentListing) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(state: listing.state.rawValue, segment: listing.segment, path: listing.path)
        return String(decoding: try encoder.encode(line), as: UTF8.self)
    }
}

extension SegmentFilter {
    var isEmpty: Bool { integration == nil && className == nil && date == nil }
}

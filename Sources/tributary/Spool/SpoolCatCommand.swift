import ArgumentParser
import Glibc
import Spool

struct SpoolCat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "The records of sealed segments, a line each, on standard output.",
        discussion: """
            Segments that can't contain a requested record, judging by class, day and times in the manifest, are not opened. Segments come in \
            the order of their sealing.

            Example:
              tributary spool cat --class authentication --since 2h | jq -r .actor.user.name
              tributary spool cat --since 2026-11-23T08:00:00Z --until 2026-11-23T09:00:00Z
              tributary spool cat --uid 5c1f6c2e-1111-11f1-9a3b-0242ac120002
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var filter: SegmentFilter
    @OptionGroup var records: RecordFilter

    @Flag(help: "Events that could not become records, instead of the records; their time is that of the collection.")
    var rejected = false

    @Option(help: "At most this many lines.")
    var limit: Int?

    func validate() throws {
        if rejected, !records.uid.isEmpty {
            throw ValidationError("--uid: events that could not become records have no uid")
        }
    }

    func run() throws {
        let reader = try options.reader()
        let matcher = try records.matcher(rejected: rejected)
        var left = limit ?? .max
        do throws(SpoolError) {
            for listing in try reader.segments() where listing.state == .present && left > 0 {
                guard let segment = listing.segment, (segment.kind == "rejected") == rejected, filter.includes(segment),
                    matcher.mayBeIn(segment)
                else { continue }
                do throws(SpoolError) {
                    try cat(listing.path, from: reader, matcher, &left)
                } catch .file(let error) where error.path.hasSuffix(listing.path) && error.code == ENOENT {
                    // Deleted since the list was made.
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
        // Without a filter the pieces are written directly, otherwise line by line.
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

import ArgumentParser
import Spool

struct SpoolCat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "The records of sealed segments, a line each, on standard output.",
        discussion: """
            Example:
              tributary spool cat --class authentication --date 2026-11-23 | jq -r .actor.user.name
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var filter: SegmentFilter

    @Flag(help: "What could not become a record, in place of the records.")
    var rejected = false

    @Option(help: "At most this many lines.")
    var limit: Int?

    func run() throws {
        let reader = try options.reader()
        var left = limit ?? .max
        do throws(SpoolError) {
            for listing in try reader.segments() where listing.state == .present && left > 0 {
                guard let segment = listing.segment, (segment.kind == "rejected") == rejected, filter.includes(segment)
                else { continue }
                // With a limit line by line, else as the pieces come.
                if limit == nil {
                    try reader.cat(listing.path) { (piece) throws(SpoolError) in try put(piece) }
                } else {
                    try reader.lines(listing.path) { (line) throws(SpoolError) in
                        guard left > 0 else { return }
                        left -= 1
                        try put(line)
                        try put([0x0A])
                    }
                }
            }
        } catch .file(let error) where error.path == Self.output {
            throw ExitStatus.inputOutput
        } catch {
            throw SpoolOptions.failed(error)
        }
    }

    private static let output = "standard output"

    private func put(_ bytes: some Collection<UInt8>) throws(SpoolError) {
        do { try StandardOutput.write(bytes) } catch {
            throw .file(FileError(.write, Self.output, code: 0))
        }
    }
}

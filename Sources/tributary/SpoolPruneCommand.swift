import ArgumentParser
import Collector
import Configuration
import Spool

struct SpoolPrune: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Delete sealed segments that are older than a duration, counted from their sealing, oldest first.",
        discussion: """
            What is not sealed yet is never touched.

            Example:
              tributary spool prune --older-than 30d --dry-run
            """)

    /// Ten thousand years, in seconds: older than any segment.
    private static let longestAge = 315_576_000_000

    @OptionGroup var options: SpoolOptions

    @Option(help: "A duration such as 12h or 30d.")
    var olderThan: String

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    func run() throws {
        let age: ConfigurationDuration
        do throws(ValueError) {
            age = try ConfigurationDuration(parsing: olderThan)
        } catch {
            throw ValidationError("--older-than: \(error)")
        }
        let reader = try options.reader()
        do throws(SpoolError) {
            let cutoff = WallClock.now() - Int64(min(age.seconds, Self.longestAge)) * 1000
            let files = try reader.prune(olderThan: cutoff, dryRun: dryRun)
            for file in files { print("\(dryRun ? "would delete" : "deleted")  \(file.path)") }
            let bytes = StatusReport.bytes(Int(files.reduce(0) { $0 + $1.bytes }))
            Terminal.complain("\(files.count) segments, \(bytes)")
        } catch {
            throw SpoolOptions.failed(error)
        }
    }
}

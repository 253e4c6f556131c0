import ArgumentParser
import Collector
import CommandHints
import FoundationEssentials
import Glibc
import OCSF
import Spool

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Map the events of a spool again, and write the records to a new spool.",
        discussion: """
            Creates each record of FROM again from its raw_data, with the mapping of this version and the configuration's sections record, \
            my_network and catalogue. Writes the new records to TO, a directory that is empty or does not exist. Events that could not become \
            records are mapped again. Uids stay the same. FROM is only read, and the daemon may continue to write there.

            Each event is in TO exactly once. If the command is killed or the disk is full, run the same command again, and it continues. If you \
            run it again later, it adds the events that FROM has received since then.

            Loaders can read TO. The last line of the output names the position of FROM's manifest up to which TO contains the events. A loader \
            that has loaded TO continues in FROM after this position.

            Example: after an upgrade, write all events as records of OCSF 1.5.0
              tributary replay /var/lib/tributary/spool /srv/okta-1.5.0 \\
                --schema-version 1.5.0
              tributary spool verify --spool /srv/okta-1.5.0

            Exits with 65 if a record has no raw_data or a segment is damaged, with 66 if FROM is not a spool, with 73 if TO contains something \
            else, and with 74 if a file can't be read or written.
            """)

    @Argument(help: ArgumentHelp("The spool to read.", valueName: "from"))
    var from: String

    @Argument(help: ArgumentHelp("The directory of the new spool.", valueName: "to"))
    var to: String

    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: "The OCSF version of the records: \(SchemaVersion.words). (default: record.schema_version)")
    var schemaVersion: SchemaVersion?

    @Flag(help: "Skip records that have no raw_data, and count them.")
    var skipWithoutRawData = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        // Links are resolved, because they could hide that FROM and TO are the same directory.
        let paths = [from, to].map { URL(filePath: $0).standardizedFileURL.resolvingSymlinksInPath().path + "/" }
        if paths[0].hasPrefix(paths[1]) || paths[1].hasPrefix(paths[0]) {
            throw ValidationError(
                "FROM and TO are the same directory, or one is inside the other: choose a separate directory for the new spool"
            )
        }
    }

    func run() throws {
        let configured = try configuration.load()
        let version = schemaVersion ?? SchemaVersion(configured.record.schemaVersion)
        var bar = ProgressBar(descriptor: STDERR_FILENO)
        defer { bar.clear() }
        do throws(ReplayError) {
            var replay = try Replay(
                Replay.Options(
                    source: absolute(from), target: absolute(to), schema: version,
                    skipsWithoutRawData: skipWithoutRawData),
                configuration: configured)
            let outcome = try replay.run { bar.show(done: $0, of: $1) }
            bar.clear()
            try? StandardOutput.put(Array(text(outcome).utf8))
        } catch {
            bar.clear()
            Terminal.complain("tributary: \(error)")
            throw Self.status(of: error)
        }
    }

    private func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

    private static func status(of error: ReplayError) -> ExitCode {
        switch error {
        case .source(.file(let cause)), .target(.file(let cause)):
            if [EACCES, EPERM].contains(cause.code) { return ExitStatus.noPermission }
            if case .source = error, cause.code == ENOENT { return ExitStatus.noInput }
            return ExitStatus.inputOutput
        case .source(.notASpool): return ExitStatus.noInput
        case .source(.damaged(let path, _)) where path.hasSuffix(".json") || !path.contains(".ndjson"):
            return ExitStatus.noInput
        case .source, .record, .noRawData: return ExitStatus.dataError
        case .target: return ExitStatus.inputOutput
        case .wrongTarget: return ExitStatus.cannotCreate
        case .normalizer: return ExitStatus.configuration
        }
    }

    private func text(_ outcome: Replay.Outcome) -> String {
        let totals = outcome.totals
        if json {
            return """
                {"records":\(totals.records),"rejected":\(totals.rejected),"skipped":\(totals.skipped),"segments_gone":\(totals.gone),\
                "through":\(outcome.through)}

                """
        }
        var parts = ["\(totals.records, "record", "records")"]
        if totals.rejected > 0 { parts.append("\(totals.rejected, "event", "events") that could not become records") }
        if totals.skipped > 0 { parts.append("\(totals.skipped, "record", "records") without raw_data left out") }
        if totals.gone > 0 { parts.append("\(totals.gone, "segment", "segments") skipped because already deleted") }
        return parts.joined(separator: ", ")
            + "; \(to) now contains the events up to position \(outcome.through) in the manifest of \(from)\n"
    }
}

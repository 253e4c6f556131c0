import ArgumentParser
import CommandHints
import Configuration
import FoundationEssentials
import Glibc
import Spool
import Synchronization

struct SpoolGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract:
            "List, acknowledge, verify, read, export and delete sealed segments, with or without a running daemon.",
        discussion: """
            In a fleet, the spool is in the bucket: list, ack, cat and verify have the flag --bucket.

            Example: the two commands that a loader repeats
              tributary spool list --since-manifest 1200 --json
              tributary spool ack --loader warehouse --through 1231
            Example: the same in a fleet
              tributary spool list --bucket --loader warehouse --json
              tributary spool ack --bucket --loader warehouse --through acme/12/3
            """,
        subcommands: [
            SpoolList.self, SpoolAck.self, SpoolCat.self, SpoolExport.self, SpoolVerify.self, SpoolPrune.self,
        ])
}

/// Options that select a spool.
struct SpoolOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @Option(
        help: ArgumentHelp(
            "The directory of the spool to use, instead of the configured spool.", valueName: "directory"))
    var spool: String?

    func validate() {
        guard let spool else { return }
        CommandHint.use(
            spool: spool.hasPrefix("/") ? spool : FileManager.default.currentDirectoryPath + "/" + spool)
    }

    func directory() throws -> String { try spool ?? configured().spool.directory }

    /// The configuration. A mistake in a part that the spool does not depend on is reported, and does not stop the command.
    ///
    /// - Throws: exit code 78, after printing every problem, if a mistake may concern the spool or a section that decides which spool is used.
    func configured() throws -> Configuration {
        let context = configuration.context(mistakes: .everyIntegration)
        do throws(ConfigurationError) {
            return try Configuration.load(path: configuration.config, context: context)
        } catch {
            let isNews = Self.mistakesWereSaid.exchange(true, ordering: .relaxed) == false
            if isNews { Terminal.complain(error.description) }
            guard let readable = Configuration.readable(path: configuration.config, context: context),
                readable.doubtful.isDisjoint(with: ["spool", "destinations", "fleet", "network"])
            else { throw ExitStatus.configuration }
            return readable
        }
    }

    private static let mistakesWereSaid = Atomic(false)

    /// The names of the configured destinations, each of which is a loader; none if the spool is given on the command line.
    func expectedLoaders() throws -> [String] {
        try spool == nil ? configured().destinations.map(\.name.text) : []
    }

    func reader() throws -> SpoolReader {
        let directory = try directory()
        do throws(SpoolError) {
            return try SpoolReader(directory: directory)
        } catch {
            throw SpoolOptions.failed(error)
        }
    }

    /// Prints the error and returns the exit code for it.
    static func failed(_ error: SpoolError) -> ExitCode {
        if case .file(let cause) = error, cause.code == EACCES, geteuid() != 0,
            [.status, .open, .read, .list].contains(cause.operation)
        {
            Terminal.complain(
                "tributary: \(cause.path): \(String(cString: strerror(cause.code))): you are not in the group that may read the spool. Join it: "
                    + "sudo usermod --append --groups tributary $USER, then log in again")
            return ExitStatus.noPermission
        }
        Terminal.complain("tributary: \(error)")
        if case .refused = error { return ExitStatus.dataError }
        if case .file(let cause) = error, [EACCES, EPERM].contains(cause.code) { return ExitStatus.noPermission }
        return ExitStatus.inputOutput
    }
}

/// Options that select segments.
struct SegmentFilter: ParsableArguments {
    @Option(help: "Only segments of this integration.", completion: .names(of: .integrations))
    var integration: String?

    @Option(
        name: .customLong("class"),
        help: "Only segments of this OCSF class, by its name in the schema, such as authentication.")
    var className: String?

    @Option(help: "Only segments of this UTC day, such as 2026-11-23.")
    var date: String?

    func includes(_ segment: SealedSegment) -> Bool {
        (integration ?? segment.integration) == segment.integration
            && (className == nil || segment.partition["class"] == className)
            && (date == nil || segment.partition["date"] == date)
    }
}

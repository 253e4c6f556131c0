import ArgumentParser
import CLinux
import Collector
import CommandHints
import Configuration
import Glibc
import Spool

struct SpoolPrune: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Delete sealed segments by age or acknowledgement, oldest first; safe while the daemon runs.",
        discussion: """
            Deletes only segments with a line in the manifest and, without --ignore-loaders, only those that all registered loaders have \
            acknowledged. Unsealed records are never deleted. Ages count from the time of sealing.

            Example:
              tributary spool prune --older-than 30d --dry-run
              tributary spool prune --acknowledged --integration acme
            """)

    /// Ten thousand years, in seconds. A larger age is replaced by this one, because its milliseconds could overflow. No segment is that old.
    private static let longestAge = 315_576_000_000

    @OptionGroup var options: SpoolOptions

    @Option(help: "Delete only segments that were sealed at least this long ago: a duration such as 12h or 30d.")
    var olderThan: String?

    @Flag(help: "Delete only segments that all registered loaders have acknowledged; without --older-than, of any age.")
    var acknowledged = false

    @Option(help: "Delete only segments of this integration.", completion: .names(of: .integrations))
    var integration: String?

    @Flag(help: "Also delete segments that a registered loader has not acknowledged.")
    var ignoreLoaders = false

    @Flag(help: "Delete nothing; only show what would be deleted.")
    var dryRun = false

    func validate() throws {
        guard olderThan != nil || acknowledged else {
            throw ValidationError("give --older-than, --acknowledged, or both")
        }
        guard !(acknowledged && ignoreLoaders) else {
            throw ValidationError("--acknowledged and --ignore-loaders can't be used together")
        }
    }

    func run() throws {
        var rule = DeletionRule(integration: integration)
        if let olderThan {
            do throws(ValueError) {
                let age = try ConfigurationDuration(parsing: olderThan)
                rule.sealedBefore = WallClock.now() - Int64(min(age.seconds, Self.longestAge)) * 1000
            } catch {
                throw ValidationError("--older-than: \(error)")
            }
        }
        try options.refuseFleet(
            instead:
                "to delete old objects, use a lifecycle rule of the bucket for the prefixes integration= and _rejected/; to prune a spool on this host, name it with --spool"
        )
        let reader = try options.reader()
        let expected = try options.expectedLoaders()
        // The spool's owner can write any file names into the manifest. So even if root runs this command, files are deleted with the owner's rights.
        try SpoolOwner(reader.directory).become()
        do throws(SpoolError) {
            if !ignoreLoaders {
                rule.acknowledgedThrough = try reader.acknowledgements(expecting: expected).map(\.sequence).min()
                if acknowledged, rule.acknowledgedThrough == nil {
                    throw .refused(
                        "no loader is registered, so nothing is acknowledged; register one with `\(CommandHint.command("spool ack"))`"
                    )
                }
            }
            let outcome = try reader.prune(rule, dryRun: dryRun)
            for file in outcome.deleted {
                try StandardOutput.put(
                    Array(
                        "\(dryRun ? "would delete" : "deleted")  \(file.path)  \(StatusReport.bytes(Int(file.bytes)))\n"
                            .utf8))
            }
            let bytes = outcome.deleted.reduce(0) { $0 + $1.bytes }
            let done = dryRun ? "would delete" : "deleted"
            let segments = "\(outcome.deleted.count, "segment", "segments")"
            Terminal.complain("\(done): \(segments), \(StatusReport.bytes(Int(bytes)))")
            if outcome.waiting > 0 {
                Terminal.complain(
                    "kept: \(outcome.waiting, "segment", "segments"), \(StatusReport.bytes(Int(outcome.waitingBytes))), that a loader has not "
                        + "acknowledged; see \(CommandHint.command("spool ack --list"))")
            }
            let unlisted = try reader.unlisted()
            if unlisted > 0 {
                Terminal.complain(
                    "kept: \(unlisted, "segment", "segments") without a line in the manifest; unless the daemon is sealing them right now, see "
                        + CommandHint.command("spool verify")
                )
            }
        } catch .file(let error) where error.path == StandardOutput.name {
            throw ExitStatus.inputOutput
        } catch {
            throw SpoolOptions.failed(error)
        }
    }
}

/// The user who owns a spool.
struct SpoolOwner {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Permanently replaces root's rights with the owner's. Does nothing if this process does not run as root.
    /// Throws exit code 77 if the system refuses the change.
    func become() throws {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard stat(path, &status) == 0, setgroups(0, nil) == 0,
            setresgid(status.st_gid, status.st_gid, status.st_gid) == 0,
            setresuid(status.st_uid, status.st_uid, status.st_uid) == 0
        else {
            Terminal.complain(
                "tributary: nothing was deleted, because this process can't change to the user who owns \(path): \(String(cString: strerror(errno)))"
            )
            throw ExitStatus.noPermission
        }
    }
}

import ArgumentParser
import Collector
import CommandHints
import Delivery
import Fleet
import FoundationEssentials
import Glibc
import Spool
import Time

struct SpoolAck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract:
            "Acknowledge segments that a loader has loaded, so that they may be deleted; list and remove loaders.",
        discussion: """
            Run this command as the loader's user, who must be a member of the spool's group. While loaders are registered, spool.retention and \
            `spool prune` delete only segments that all of them have acknowledged. Acknowledge only segments that are durable in the loader's own \
            store. Position 0 registers a loader that has loaded nothing yet. Exits with 65 for an invalid position.

            For a loader of a fleet, use --bucket. A position is then INTEGRATION/GENERATION/SEGMENT, as `spool list --bucket` shows it; separate \
            several positions with commas. The other integrations keep their positions. Acknowledging deletes nothing in the bucket.

            Example:
              tributary spool ack --loader warehouse --through 1231
              tributary spool ack --list
              tributary spool ack --loader warehouse --remove
              tributary spool ack --bucket --loader warehouse \\
                --through acme/12/3,globex/4/1
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var bucket: BucketOptions

    @Option(help: "The loader's name: lower-case letters, digits, - and _.", completion: .names(of: .loaders))
    var loader: String?

    // A negative number is reported as a wrong position and not as an unknown option.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Acknowledge all segments up to this position of the manifest.",
            valueName: "position"))
    var through: String?

    @Flag(help: "Remove the loader; the segments that it has not loaded may then be deleted.")
    var remove = false

    @Flag(help: "List the loaders and their positions.")
    var list = false

    @Flag(help: "With --list: print one JSON object for each loader.")
    var json = false

    func validate() throws {
        switch (list, loader, through, remove) {
        case (true, nil, nil, false), (false, .some, .some, false), (false, .some, nil, true): break
        default:
            throw ValidationError("give --loader NAME with --through POSITION or with --remove, or give only --list")
        }
        guard let through else { return }
        if bucket.isOn {
            guard through == "0" || [String: SealPosition](positions: through) != nil else {
                throw ValidationError(
                    "--through: with --bucket, give one position for each integration, such as acme/12/3, and separate them with commas"
                )
            }
        } else if Int64(through) == nil {
            throw ValidationError(
                "--through: give a position of the manifest, as `\(CommandHint.command("spool list"))` shows it")
        }
    }

    func run() async throws {
        if bucket.isOn { return try await bucket.reading(options) { list in try await run(list) } }
        try options.refuseFleet(instead: SpoolOptions.useBucket)
        try runLocally()
    }

    private func run(_ list: SealList) async throws {
        if self.list {
            for acknowledgement in try await list.acknowledgements() { try show(acknowledgement) }
            return
        }
        guard let loader else { return }
        try Acknowledgement.checkName(loader)
        if remove {
            guard try await list.remove(loader) else { throw SpoolError.refused("there is no loader \(loader)") }
        } else if let through {
            try await list.acknowledge(
                loader, through: [String: SealPosition](positions: through) ?? [:],
                at: CivilTime(milliseconds: WallClock.now()).rfc3339)
        }
    }

    private func show(_ acknowledgement: LoaderAcknowledgement) throws(SpoolError) {
        var text =
            "\(acknowledgement.loader)  \(acknowledgement.integrations.text)  since \(acknowledgement.acknowledgedAt)"
            + (acknowledgement.host.map { "  delivered by \($0)" } ?? "")
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            text = String(decoding: (try? encoder.encode(acknowledgement)) ?? Data(), as: UTF8.self)
        }
        try StandardOutput.put(Array((text + "\n").utf8))
    }

    private func runLocally() throws {
        let directory = try options.reader().directory
        let files = AcknowledgementFiles(spool: directory)
        do throws(SpoolError) {
            if list {
                let loaders = try files.all()
                // If the directory of acknowledgements is missing, the list is empty. This is safe here, because listing deletes no segments.
                for acknowledgement in loaders { try show(acknowledgement) }
            } else if let loader, remove {
                try files.remove(loader)
            } else if let loader, let through = through.flatMap({ Int64($0) }) {
                try AcknowledgementDirectory(path: files.directory, spool: directory).makeIfMissing()
                // The acknowledgement's file must be readable by its group, because the daemon reads the file.
                umask(0o027)
                try files.acknowledge(loader, through: through, at: WallClock.now())
            }
        } catch .file(let error) where [EACCES, EPERM].contains(error.code) {
            Terminal.complain(
                "tributary: \(FileError(error.operation, error.path, code: error.code)). Run this command as a member of the spool's group "
                    + "who may write in \(files.directory), and always as the same user")
            throw ExitStatus.noPermission
        } catch .file(let error) where error.path == StandardOutput.name {
            throw ExitStatus.inputOutput
        } catch {
            throw SpoolOptions.failed(error)
        }
    }

    private func show(_ acknowledgement: Acknowledgement) throws(SpoolError) {
        var text = "\(acknowledgement.loader)  \(acknowledgement.sequence)  since \(acknowledgement.acknowledgedAt)"
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            text = String(decoding: (try? encoder.encode(acknowledgement)) ?? Data(), as: UTF8.self)
        }
        try StandardOutput.put(Array((text + "\n").utf8))
    }
}

/// Creates `_acks` in a spool other than the standard one, with the mode that the package's tmpfiles.d(5) uses. The set-group-id bit gives each
/// acknowledgement the spool's group, so that the daemon can read it. The sticky bit protects a loader's file from other loaders.
struct AcknowledgementDirectory {
    static let mode: mode_t = 0o3770
    let path: String
    let spool: String

    func makeIfMissing() throws(SpoolError) {
        let fileSystem = PosixFileSystem()
        guard try fileSystem.status(path) == nil else { return }
        let parent = try fileSystem.openDirectory(spool)
        defer { fileSystem.close(parent) }
        func failed() -> SpoolError { .file(FileError(.makeDirectory, path, code: errno)) }
        let name = AcknowledgementFiles.directoryName
        guard mkdirat(parent.descriptor, name, 0o700) == 0 else {
            if errno == EEXIST { return }
            throw failed()
        }
        // If root creates this directory in another user's directory, that user could replace it at any time. So from here on, the directory is used
        // through its descriptor.
        let made = openat(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard made >= 0 else { throw failed() }
        defer { close(made) }
        var above = stat()
        var own = stat()
        guard fstat(parent.descriptor, &above) == 0, fstat(made, &own) == 0 else { throw failed() }
        guard own.st_uid == geteuid() else { throw .refused("\(path) was replaced while it was created: try again") }
        guard fchown(made, geteuid() == 0 ? above.st_uid : geteuid(), above.st_gid) == 0, fchmod(made, Self.mode) == 0
        else { throw failed() }
    }
}

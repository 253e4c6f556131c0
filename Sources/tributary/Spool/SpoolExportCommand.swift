import ArgumentParser
import CommandHints
import Configuration
import Delivery
import Glibc
import Spool

struct SpoolExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Export sealed records as Parquet files, in the layout of Amazon Security Lake's custom sources.",
        discussion: """
            Writes a file DIR/PREFIX-CLASS/region=…/accountId=…/eventDay=YYYYMMDD/SEGMENT.parquet for each segment, compressed with zstd, \
            and prints the path of each new file. A file gets its name only when it is complete, and the file of a segment always has the same name. \
            So if the command is killed, you can run it again. With --loader, the command continues after the segments that this loader has \
            acknowledged, and acknowledges those that it has written.

            The command needs Python with pyarrow:
              python3 -m venv /opt/tributary-parquet
              /opt/tributary-parquet/bin/pip install pyarrow

            Example:
              tributary spool export --parquet /srv/lake/ext --region eu-central-1 \\
                --account-id 111122223333 --loader parquet \\
                --python /opt/tributary-parquet/bin/python

            Exits with 69 if Python or pyarrow is missing, with 65 if a segment is damaged, and with 74 if a file can't be read or written.
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var filter: SegmentFilter

    @Option(help: ArgumentHelp("The directory for the files; created if it is missing.", valueName: "directory"))
    var parquet: String

    @Option(help: "The AWS Region of the lake; it is part of each file's path.")
    var region: String

    @Option(help: "The AWS account of the source, 12 digits; it is part of each file's path.")
    var accountId: String

    @Option(help: "The prefix of each custom source's name; a hyphen and the class follow it.")
    var sourcePrefix = "okta"

    @Option(
        help: "Continue where this loader stopped, and acknowledge the written segments in the loader's name.",
        completion: .names(of: .loaders))
    var loader: String?

    @Option(help: ArgumentHelp("Only segments after this position of the manifest.", valueName: "position"))
    var sinceManifest: Int64?

    @Option(help: ArgumentHelp("A Python interpreter that has pyarrow.", valueName: "program"))
    var python = "python3"

    @Option(
        help: ArgumentHelp(
            "The program that writes Parquet. (default: $TRIBUTARY_PARQUET, else the installed one)", valueName: "file")
    )
    var helper: String?

    func validate() throws {
        func isWord(_ text: String, _ characters: String) -> Bool {
            !text.isEmpty && text.utf8.count <= 64 && text.allSatisfy { characters.contains($0) }
        }
        let letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
        guard isWord(region, letters) else { throw ValidationError("--region: give a name such as eu-central-1") }
        guard isWord(accountId, "0123456789"), accountId.count == 12 else {
            throw ValidationError("--account-id must have 12 digits")
        }
        guard isWord(sourcePrefix, letters + "_") else {
            throw ValidationError("--source-prefix may contain only lower-case letters, digits, - and _")
        }
        guard loader == nil || (sinceManifest == nil && filter.isEmpty) else {
            throw ValidationError(
                "--loader acknowledges everything up to a position, so omit --since-manifest and the filters")
        }
    }

    func run() throws {
        // If the helper has died, a write to the helper must not end this process. The helper's output or exit status then shows that it has died.
        signal(SIGPIPE, SIG_IGN)
        try options.refuseFleet(
            instead:
                "export can't read a bucket. Deliver from it with a destination of type s3 and format parquet, or use --spool to name a spool on this host"
        )
        let reader = try options.reader()
        do {
            let target = try ParquetTarget(
                directory: parquet, region: region, account: accountId, sourcePrefix: sourcePrefix)
            let progress = try loader.map { try LoaderProgress($0, spool: reader.directory) }
            var export = ParquetExport(
                reader: reader, target: target, progress: progress, python: python,
                script: helper ?? ParquetHelper.installed)
            try export.run(after: progress?.position ?? sinceManifest ?? 0, including: filter.includes)
            var parts = ["\(export.written, "file", "files") written"]
            if export.present > 0 { parts.append("\(export.present, "file", "files") already existed") }
            if export.gone > 0 {
                parts.append("\(export.gone, "segment was", "segments were") deleted before the export")
            }
            Terminal.complain(parts.joined(separator: "; "))
        } catch let problem as ParquetHelper.Problem {
            Terminal.complain("tributary: \(problem.words)")
            throw Self.status(of: problem)
        } catch SpoolError.file(let error) where error.path == StandardOutput.name {
            throw ExitStatus.inputOutput
        } catch SpoolError.damaged(let path, let reason) {
            Terminal.complain("tributary: \(path) is damaged (\(reason)): see \(CommandHint.command("spool verify"))")
            throw ExitStatus.dataError
        } catch let error as SpoolError {
            throw SpoolOptions.failed(error)
        }
    }

    private static func status(of problem: ParquetHelper.Problem) -> ExitCode {
        switch problem.kind {
        case .unavailable: ExitStatus.unavailable
        case .data: ExitStatus.dataError
        case .file: ExitStatus.inputOutput
        case .ended: ExitStatus.software
        }
    }
}

import ArgumentParser
import Collector
import Configuration
import FoundationEssentials
import Glibc
import OCSF

struct Normalize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert Okta JSON to OCSF NDJSON on standard output.",
        discussion: """
            Reads an array of events, or one event per line, from files or from standard input. An event that can't become a record is \
            reported on standard error with its position, and so is an object that is not a LogEvent, such as the API's answer to a refused request. \
            The command then continues, and exits with 65 at the end.

            Example:
              tributary normalize events.json | jq 'select(.class_uid == 3002)'
              tributary normalize --schema-version 1.3.0 events.json
              curl -sH @authorization.txt https://acme.okta.com/api/v1/logs | \\
                tributary normalize --org acme.okta.com
              tributary normalize --explain event.json
            """)

    @Argument(help: "Input files. Without files, or with -, the command reads standard input.")
    var files: [String] = []

    @Flag(inversion: .prefixedNo, help: "Include the event, as Okta sent it, in the record.")
    var rawData = true

    @Flag(inversion: .prefixedNo, help: "Include observables, a list of the values that are useful in searches.")
    var observables = true

    @Flag(help: "Write each time as text, in addition to milliseconds (OCSF's profile datetime).")
    var datetime = false

    @Flag(help: "Write every member of the record's `unmapped` object as text, for stores with fixed columns.")
    var flattenUnmapped = false

    @Flag(help: "Instead of the records, show which rule decided each part of each event's record.")
    var explain = false

    @Option(
        help: ArgumentHelp("A domain of your organization, including its subdomains.", valueName: "domain"),
        transform: { try DomainName(parsing: $0) })
    var myDomain: [DomainName] = []

    @Option(
        help: ArgumentHelp("Addresses of your organization, in addition to private addresses.", valueName: "range"),
        transform: { try IPRange(parsing: $0) })
    var myRange: [IPRange] = []

    @Option(help: "The OCSF version of the records: \(SchemaVersion.words).")
    var schemaVersion = SchemaVersion.native

    @Option(help: "The host name of the org whose events these are; it is written into the records.")
    var org: String?

    @Option(help: ArgumentHelp("A table of event types; its rows override the built-in ones.", valueName: "file"))
    var catalogue: [String] = []

    func run() throws {
        let normalizer: Normalizer
        do {
            let tables = try catalogue.map { (file: $0, text: try String(contentsOfFile: $0, encoding: .utf8)) }
            normalizer = try Normalizer(
                catalog: try EventCatalog.builtIn(with: tables),
                settings: NormalizerSettings(
                    rawData: rawData, observables: observables, datetime: datetime, flattenUnmapped: flattenUnmapped,
                    network: MyNetwork(domains: myDomain, ranges: myRange), refusesOtherObjects: true,
                    schemaVersion: schemaVersion))
            normalizer.isExplaining = explain
        } catch {
            Terminal.complain("tributary: \(error)")
            throw ExitStatus.configuration
        }
        let source = EventSource(orgHost: org, logURL: org.map { "https://\($0)/api/v1/logs" })
        var sink = LineSink(collectedAt: WallClock.now(), explains: explain)
        for file in files.isEmpty ? ["-"] : files {
            sink.file = file
            let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                Terminal.complain("tributary: \(file): \(String(cString: strerror(errno)))")
                throw ExitStatus.noInput
            }
            defer { if file != "-" { close(descriptor) } }
            try normalize(descriptor, source, normalizer, &sink)
        }
        try sink.flush()
        if sink.rejected > 0 { throw ExitStatus.dataError }
    }

    /// Reads the input in pieces, so that memory depends on the largest event and not on the size of the input.
    private func normalize(
        _ descriptor: Int32, _ source: EventSource, _ normalizer: Normalizer, _ sink: inout LineSink
    ) throws {
        var stream = EventStream()
        var buffer = InputBuffer(descriptor: descriptor)
        var isAtBeginning = true
        while true {
            let isLast: Bool
            do throws(InputBuffer.Failure) {
                isLast = try buffer.fill()
            } catch {
                Terminal.complain("tributary: \(sink.file): \(error.description)")
                throw ExitStatus.inputOutput
            }
            var position = 0
            let bytes = buffer.bytes
            if isAtBeginning, let trouble = encodingTrouble(firstBytes: bytes) {
                Terminal.complain("tributary: \(sink.file) \(trouble)")
                throw ExitStatus.dataError
            }
            if bytes.count >= 4 { isAtBeginning = false }
            scan: while true {
                switch stream.next(bytes, from: position, isLast: isLast) {
                case .event(let range):
                    normalizer.normalizeEvent(
                        UnsafeRawBufferPointer(rebasing: bytes[range]), source: source,
                        offset: buffer.consumed + range.lowerBound, collectedAt: sink.collectedAt, into: &sink)
                    if explain { sink.explain(normalizer.explanations) }
                    position = range.upperBound
                    try sink.flushIfFull()
                case .more(let keep):
                    position = keep
                    break scan
                }
            }
            buffer.drop(position)
            if isLast { return }
        }
    }
}

import CSimdjson

/// Why a normalizer could not be created.
package enum NormalizerError: Error, Sendable, CustomStringConvertible {
    case outOfMemory
    case noSHA256
    /// A compiled-in table of an OCSF version can't be read.
    case schema(String)

    package var description: String {
        switch self {
        case .outOfMemory: "not enough memory for the JSON reader; give the process more memory"
        case .schema(let problem): "\(problem). This build is faulty; please report it"
        case .noSHA256: "libcrypto has no SHA-256; check OpenSSL's configuration (openssl list -digest-algorithms)"
        }
    }
}

/// Turns LogEvents into OCSF records, without I/O. After warming up, it allocates nothing per event.
///
/// An instance must be used by one task at a time.
package final class Normalizer {
    private let tape: JSONTape
    private var mapping: RecordMapping
    private var cutter = EventCutter()
    private let refusesOtherObjects: Bool

    /// The number of events that became records since this object was created.
    package private(set) var records = 0
    /// The number of events that were set aside since this object was created.
    package private(set) var rejections = 0

    package init(catalog: EventCatalog, settings: NormalizerSettings) throws(NormalizerError) {
        let names =
            OktaKey.allCases.map { ($0.name, $0.rawValue) } + OktaKey.capitalized.map { ($0.name, $0.key.rawValue) }
        guard let tape = JSONTape(keys: names) else {
            throw NormalizerError.outOfMemory
        }
        guard let digest = SHA256Digest() else { throw NormalizerError.noSHA256 }
        self.tape = tape
        refusesOtherObjects = settings.refusesOtherObjects
        mapping = try RecordMapping(
            settings: settings, catalog: catalog, schema: try Self.schema(settings.schemaVersion), digest: digest)
    }

    private static func schema(_ version: SchemaVersion) throws(NormalizerError) -> RecordSchema {
        do throws(SchemaTableError) {
            return try RecordSchema(version)
        } catch {
            throw .schema(error.description)
        }
    }

    /// Turns the events of a page, which is one JSON array, into records. If the page is not a complete array, throws an error and passes none of its
    /// events to the sink; the caller must then request the page again. `collectedAt` is in milliseconds since 1970.
    package func normalizePage<Sink: RecordSink>(
        _ page: UnsafeRawBufferPointer, source: EventSource, collectedAt: Int64, into sink: inout Sink
    ) throws(PageError) {
        try cutter.cut(page)
        for span in cutter.spans {
            normalizeEvent(
                UnsafeRawBufferPointer(rebasing: page[Int(span.start)..<Int(span.end)]), source: source,
                offset: Int(span.start),
                collectedAt: collectedAt, into: &sink)
        }
    }

    /// Turns one event into a record, or rejects it. `offset` is the event's position in the input. If the event is rejected, the sink receives this
    /// position.
    package func normalizeEvent<Sink: RecordSink>(
        _ event: UnsafeRawBufferPointer, source: EventSource, offset: Int, collectedAt: Int64, into sink: inout Sink
    ) {
        switch make(event, source, collectedAt) {
        case .success(let head):
            records += 1
            sink.record(mapping.writer.bytes, head: head)
        case .failure(let rejection):
            rejections += 1
            sink.rejected(event, rejection, offset: offset)
        }
    }

    /// Whether `explanations` are recorded. That costs time, and memory for each event.
    package var isExplaining: Bool {
        get { mapping.isExplaining }
        set { mapping.isExplaining = newValue }
    }

    /// The rules that decided parts of the last record; empty unless `isExplaining` is true.
    package var explanations: [Explanation] { mapping.explanations }

    /// Why an event can't be parsed; nil if it can. Creates no record, so that the cost of parsing alone can be measured.
    package func rejection(of event: UnsafeRawBufferPointer) -> Rejection? {
        switch tape.parse(event) {
        case .success: nil
        case .failure(let rejection): rejection
        }
    }

    private func make(_ event: UnsafeRawBufferPointer, _ source: EventSource, _ collectedAt: Int64) -> Result<
        RecordHead, Rejection
    > {
        switch tape.parse(event) {
        case .failure(let rejection): return .failure(rejection)
        case .success(let parsed):
            guard Int(parsed.nodes.pointee.kind) == TRIBUTARY_JSON_OBJECT,
                let start = event.baseAddress?.assumingMemoryBound(to: UInt8.self)
            else { return .failure(Rejection(reason: .notAnObject, position: 0)) }
            mapping.constants = source.constants
            if refusesOtherObjects, let other = mapping.otherObject(start, event.count, nodes: parsed.nodes) {
                return .failure(Rejection(reason: .notALogEvent, position: 0, object: other))
            }
            return Result { () throws(Rejection) in
                try mapping.write(start, event.count, nodes: parsed.nodes, collectedAt: collectedAt)
            }
        }
    }
}

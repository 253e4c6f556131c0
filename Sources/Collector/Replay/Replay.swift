import Configuration
import FoundationEssentials
import OCSF
import ResponseLog
import Spool

/// Converts a spool again: maps the events in its sealed segments with the present mapping, and writes the records to a new spool. The events are the
/// `raw_data` of the records, and the events that could not become records.
///
/// The source's manifest is read once, in order. Each integration has a writer, whose cursor is a place in that manifest
/// (`ReplayPosition`). `SpoolWriter` commits the cursor together with the records up to it. So if a replay is interrupted at any point, the next run
/// continues there and converts each event exactly once. A replay does not change the old spool.
package struct Replay {
    /// The options of a replay.
    package struct Options: Sendable {
        package var source: String
        package var target: String
        package var schema: SchemaVersion
        /// Whether records without `raw_data` are skipped and counted. If false, such a record ends the replay.
        package var skipsWithoutRawData: Bool

        package init(source: String, target: String, schema: SchemaVersion, skipsWithoutRawData: Bool) {
            self.source = source
            self.target = target
            self.schema = schema
            self.skipsWithoutRawData = skipsWithoutRawData
        }
    }

    package struct Outcome: Sendable, Equatable {
        package var totals = ReplayTotals()
        /// The manifest position of the last segment that the replay has processed.
        package var through: Int64 = 0
    }

    /// The records in memory are committed when their size reaches `commitBytes` (or the size of a segment, if that is smaller), or their number
    /// reaches `commitRecords`. This limits the use of memory, and the work that must be repeated after a kill.
    private static let commitBytes = 8 << 20
    private static let commitRecords = 8_192

    private let options: Options
    private let reader: SpoolReader
    private let spool: Spool
    private let scratch = SpoolScratch()
    private let normalizer: Normalizer
    private let settings: NormalizerSettings
    private let records: RecordReader
    private var writers: [String: ReplayWriter] = [:]
    private var buffered = (bytes: 0, records: 0)
    /// The configured org of each integration, for events whose record names no org.
    private let origins: [String: EventSource]

    /// Opens both spools. Throws `ReplayError`. Nothing is written if the source can't be read, or if the target contains anything other than this
    /// replay.
    package init(_ options: Options, configuration: Configuration) throws(ReplayError) {
        self.options = options
        do throws(SpoolError) {
            reader = try SpoolReader(directory: options.source)
        } catch {
            throw .source(error)
        }
        origins = Dictionary(
            configuration.integrations.map { integration in
                (
                    integration.name.text,
                    EventSource(orgHost: integration.url.host, logURL: integration.url.origin + "/api/v1/logs")
                )
            }, uniquingKeysWith: { first, _ in first })
        let normalizing = Normalizing(configuration)
        var settings = normalizing.settings
        settings.schemaVersion = options.schema
        self.settings = settings
        do {
            normalizer = try Normalizer(catalog: try normalizing.catalog(), settings: settings)
            guard let records = RecordReader() else { throw NormalizerError.outOfMemory }
            self.records = records
        } catch {
            throw .normalizer("\(error)")
        }
        let target = ReplayTarget(directory: options.target)
        try target.begin(
            source: reader.id, schema: options.schema, mapping: try Self.fingerprint(settings, configuration))
        do throws(SpoolError) {
            // The new spool has no size limit. The user checks for free space before a replay. If the disk becomes full, the replay ends, and the
            // user can continue it later. Records are sealed when there are enough for a segment, and by age only after a day, because nobody waits
            // for the segments.
            var settings = SpoolSettings(configuration)
            settings.directory = options.target
            settings.stateDirectory = target.stateDirectory
            settings.segmentMaxAge = .seconds(86_400)
            settings.maxBytes = .max
            settings.retention = .never
            settings.expectedLoaders = []
            settings.recordSchema = options.schema.name
            spool = try Spool(settings, fileSystem: PosixFileSystem(), now: SystemTime().spool)
        } catch {
            throw .target(error)
        }
        _ = DescriptorLimit.raised()
    }

    /// A hash of everything that affects the contents of a record. An interrupted replay may continue only with the same hash.
    private static func fingerprint(
        _ settings: NormalizerSettings, _ configuration: Configuration
    ) throws(ReplayError) -> String {
        var text = "\(Version.current)\n\(settings)\n"
        for path in configuration.record.catalogue {
            text += (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            text += "\n"
        }
        guard let digest = SHA256Digest(),
            let bits = Array(text.utf8).withUnsafeBytes({ digest.leading128Bits(of: $0) })
        else { throw .normalizer("\(NormalizerError.noSHA256)") }
        return String(bits.high, radix: 16) + "-" + String(bits.low, radix: 16)
    }

    /// Runs to the end of the source's manifest. `progress` is called with two sizes in bytes: the segments that are done, and all segments.
    package mutating func run(_ progress: (Int64, Int64) -> Void) throws(ReplayError) -> Outcome {
        let total = try size()
        var done: Int64 = 0
        var outcome = Outcome()
        while true {
            // The manifest is read in parts, so that memory does not grow with its size.
            var part: [SegmentListing] = []
            do throws(SpoolError) {
                try reader.listed(after: outcome.through) { (listing) throws(SpoolError) in
                    part.append(listing)
                    return part.count < 1_000
                }
            } catch {
                throw .source(error)
            }
            guard let last = part.last?.segment?.sequence else { break }
            for listing in part {
                guard let segment = listing.segment else { continue }
                try replay(segment, isPresent: listing.state == .present) { lines in
                    progress(done + segment.bytes * Int64(lines) / Int64(max(1, segment.records)), total)
                }
                done += listing.bytesOnDisk ?? 0
                progress(done, total)
            }
            outcome.through = last
        }
        try commit()
        do throws(SpoolError) {
            for name in writers.keys.sorted() {
                guard let writer = writers[name] else { continue }
                try writer.writer.seal(at: SystemTime().spool)
                outcome.totals.add(writer.position.totals)
            }
        } catch {
            throw .target(error)
        }
        return outcome
    }

    private func size() throws(ReplayError) -> Int64 {
        var total: Int64 = 0
        do throws(SpoolError) {
            try reader.listed(after: 0) { (listing) throws(SpoolError) in
                total += listing.bytesOnDisk ?? 0
                return true
            }
        } catch {
            throw .source(error)
        }
        return total
    }

    private mutating func writer(_ integration: String) throws(ReplayError) -> ReplayWriter {
        if let known = writers[integration] { return known }
        do throws(SpoolError) {
            let writer = try ReplayWriter(
                spool.writer(integration: integration, scratch: scratch, now: SystemTime().spool),
                source: origins[integration] ?? EventSource())
            writers[integration] = writer
            return writer
        } catch {
            throw .target(error)
        }
    }

    private mutating func replay(
        _ segment: SealedSegment, isPresent: Bool, _ progress: (Int) -> Void
    ) throws(ReplayError) {
        guard let sequence = segment.sequence else { return }
        let writer = try writer(segment.integration)
        guard sequence >= writer.position.sequence else { return }
        if sequence > writer.position.sequence { writer.position.advance(to: sequence) }
        guard isPresent else {
            writer.position.totals.gone += 1
            return writer.position.advance(to: sequence + 1)
        }
        let skipped = writer.position.line
        var line = 0
        var failure: ReplayError?
        do throws(SpoolError) {
            try reader.lines(segment.path) { (bytes) throws(SpoolError) in
                line += 1
                guard line > skipped else { return }
                do throws(ReplayError) {
                    try replay(bytes, segment, line, into: writer)
                    if line % 1_024 == 0 { progress(line) }
                } catch {
                    failure = error
                    throw .refused("the replay has ended")
                }
            }
        } catch {
            if let failure { throw failure }
            throw .source(error)
        }
        guard line == segment.records else {
            throw .source(
                .damaged(path: segment.path, reason: "it has \(line) lines, but the manifest says \(segment.records)"))
        }
        writer.position.advance(to: sequence + 1)
    }

    private mutating func replay(
        _ bytes: UnsafeRawBufferPointer, _ segment: SealedSegment, _ line: Int, into writer: ReplayWriter
    ) throws(ReplayError) {
        switch records.read(bytes) {
        case .unreadable(let reason): throw .record(segment: segment.path, line: line, reason: reason)
        case .noRawData:
            guard options.skipsWithoutRawData else { throw .noRawData(segment: segment.path, line: line) }
            writer.position.totals.skipped += 1
        case .event(let recorded) where ResponseSource.isName(segment.integration):
            try replayAction(recorded.event, segment, line, into: writer)
        case .event(let recorded):
            writer.originate(recorded)
            var sink = ReplaySink(writer: writer, collectedAt: recorded.time, uid: recorded.uid)
            let before = (writer.writer.bufferedBytes, writer.writer.bufferedRecords)
            normalizer.normalizeEvent(
                recorded.event, source: writer.source, offset: recorded.offset, collectedAt: recorded.time, into: &sink)
            if let failure = sink.failure { throw .target(failure) }
            if let reason = sink.mismatch { throw .record(segment: segment.path, line: line, reason: reason) }
            buffered.bytes += writer.writer.bufferedBytes - before.0
            buffered.records += writer.writer.bufferedRecords - before.1
        }
        writer.position.line = line
        if buffered.bytes >= min(Self.commitBytes, spool.settings.segmentMaxBytes)
            || buffered.records >= Self.commitRecords
        {
            try commit()
        }
    }

    /// Converts a response action, whose `raw_data` is an entry of the response log.
    private mutating func replayAction(
        _ entry: UnsafeRawBufferPointer, _ segment: SealedSegment, _ line: Int, into writer: ReplayWriter
    ) throws(ReplayError) {
        guard let entry = try? JSONDecoder().decode(ResponseEntry.self, from: Data(entry)),
            let record = try? RemediationRecord(entry, settings)?.line
        else { throw .record(segment: segment.path, line: line, reason: "raw_data contains no response action") }
        do throws(SpoolError) {
            let day = CivilDay(of: entry.time).text
            let partition = try writer.writer.partition("class=\(RemediationRecord.className)/date=\(day)")
            let outcome = record.withUnsafeBytes { bytes in
                Result { () throws(SpoolError) in try writer.writer.append(bytes, to: partition, time: entry.time) }
            }
            try outcome.get()
        } catch {
            throw .target(error)
        }
        writer.position.totals.records += 1
        buffered.bytes += record.count
        buffered.records += 1
    }

    private mutating func commit() throws(ReplayError) {
        do throws(SpoolError) {
            for name in writers.keys.sorted() {
                guard let writer = writers[name] else { continue }
                try writer.commit(at: SystemTime().spool)
            }
        } catch {
            throw .target(error)
        }
        buffered = (0, 0)
    }
}

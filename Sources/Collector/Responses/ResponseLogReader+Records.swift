import OCSF
import ResponseLog
import Spool

extension ResponseLogReader {
    /// What was read of the response log and is durable.
    struct Taken: Sendable {
        /// Those that became records.
        var entries: [ResponseEntry] = []
        /// Lines that are no entries.
        var unreadable = 0
        var hasGap = false
        var isEnd = true
    }

    /// Reads on, and makes the records of what is new durable together with the place up to which it is read.
    func take(on worker: IngestWorker, integration: String) async throws(SpoolError) -> Taken {
        // Without a response log, nothing is created in the spool.
        guard try isBegun else { return Taken() }
        return try await worker.take(integration, records(after:settings:)) ?? Taken()
    }

    private func records(
        after place: String?, settings: NormalizerSettings
    ) throws(SpoolError) -> (SourceBatch, Taken) {
        let read = try read(after: place.flatMap(ResponseLogPosition.init))
        var batch = SourceBatch(records: [], next: read.next.description, isEnd: read.isEnd)
        var taken = Taken(unreadable: read.unreadableLines, hasGap: read.hasGap, isEnd: read.isEnd)
        for entry in read.entries {
            guard let line = try? RemediationRecord(entry, settings)?.line else { continue }
            batch.records.append(.init(line: line, className: RemediationRecord.className, time: entry.time))
            taken.entries.append(entry)
        }
        return (batch, taken)
    }
}

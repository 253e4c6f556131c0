import OCSF
import ResponseLog
import Spool

extension ResponseLogReader {
    /// The result of reading the response log: its entries, whose records are now durable, and what else was found.
    struct Taken: Sendable {
        /// The entries that became records.
        var entries: [ResponseEntry] = []
        /// The number of lines that are not valid entries.
        var unreadable = 0
        var hasGap = false
        var isEnd = true
    }

    /// Reads the new entries, and makes their records durable together with the place up to which the log was read.
    func take(on worker: IngestWorker, integration: String) async throws(SpoolError) -> Taken {
        // If there is no response log, nothing is created in the spool.
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

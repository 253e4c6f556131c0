import OCSF
import Spool

/// An integration's writer in the new spool, and the integration's place in the old spool.
final class ReplayWriter {
    struct Key: Hashable {
        let kind: OCSFKind?
        let day: CivilDay
    }

    let writer: SpoolWriter
    var position: ReplayPosition
    /// The handles of the partitions that were opened since the last commit. The next commit makes these handles invalid.
    var partitions: [Key: PartitionID] = [:]
    /// The org of the events that are being converted.
    private(set) var source: EventSource
    private var origin: [UInt8] = []

    /// Throws `refused` if the journal was not written by a replay.
    init(_ writer: SpoolWriter, source: EventSource) throws(SpoolError) {
        self.writer = writer
        self.source = source
        guard let cursor = writer.cursor else {
            position = ReplayPosition()
            return
        }
        guard let found = ReplayPosition(cursor) else {
            throw .refused(
                "the journal of \(writer.integration) in the new spool was not written by a replay: name a new directory"
            )
        }
        position = found
    }

    /// Makes the converted records and the position in the old spool durable in one step.
    func commit(at now: SpoolInstant) throws(SpoolError) {
        partitions.removeAll(keepingCapacity: true)
        try writer.commit(cursor: position.text, at: now)
        try writer.sealIfDue(at: now)
    }

    /// Sets ``source`` to the org that a record names. The records of one integration usually name the same org, so ``source`` seldom has to be
    /// created again.
    func originate(_ recorded: RecordedEvent) {
        // An event that could not become a record names no org. It is assigned to the same org as the record before it.
        guard recorded.uid != nil else { return }
        let host = recorded.tenant.map { Array($0) } ?? []
        let log = recorded.logSource.map { Array($0) } ?? []
        let text = host + [0] + log
        guard text != origin else { return }
        origin = text
        let name = host.isEmpty ? nil : String(decoding: host, as: UTF8.self)
        // OCSF before 1.8.0 has no field for the log's address. In that case the address is derived from the org's host name.
        let address = log.isEmpty ? name.map { "https://\($0)/api/v1/logs" } : String(decoding: log, as: UTF8.self)
        source = EventSource(orgHost: name, logURL: address)
    }
}

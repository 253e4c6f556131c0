import OCSF
import Spool

/// An integration's writer in the new spool, and its place in the old one.
final class ReplayWriter {
    struct Key: Hashable {
        let kind: OCSFKind?
        let day: CivilDay
    }

    let writer: SpoolWriter
    var position: ReplayPosition
    /// Good until the next commit.
    var partitions: [Key: PartitionID] = [:]
    /// Where the events at hand are from.
    private(set) var source: EventSource
    private var origin: [UInt8] = []

    /// Throws `refused` for a journal that no replay wrote.
    init(_ writer: SpoolWriter, source: EventSource) throws(SpoolError) {
        self.writer = writer
        self.source = source
        guard let cursor = writer.cursor else {
            position = ReplayPosition()
            return
        }
        guard let found = ReplayPosition(cursor) else {
            throw .refused("the journal of \(writer.integration) in the new spool is no replay's: name a new directory")
        }
        position = found
    }

    /// Makes what was made, and how far the old spool is read, durable in one step.
    func commit(at now: SpoolInstant) throws(SpoolError) {
        partitions.removeAll(keepingCapacity: true)
        try writer.commit(cursor: position.text, at: now)
        try writer.sealIfDue(at: now)
    }

    /// Takes the org that a record says it is from; those of one integration are mostly of one.
    func originate(_ recorded: RecordedEvent) {
        // An event that could not become a record does not say: it is from where the others are.
        guard recorded.uid != nil else { return }
        let host = recorded.tenant.map { Array($0) } ?? []
        let log = recorded.logSource.map { Array($0) } ?? []
        let text = host + [0] + log
        guard text != origin else { return }
        origin = text
        let name = host.isEmpty ? nil : String(decoding: host, as: UTF8.self)
        // Versions of OCSF before 1.8.0 have no place for the log's address; it is Okta's own, at the org's.
        let address = log.isEmpty ? name.map { "https://\($0)/api/v1/logs" } : String(decoding: log, as: UTF8.self)
        source = EventSource(orgHost: name, logURL: address)
    }
}

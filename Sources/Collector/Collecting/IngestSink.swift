import OCSF
import Spool

/// Writes a page's records to the spool's partitions, `class=<OCSF class>/date=<UTC day of the event>`, and events that could
/// not become records to a separate partition. Events that were collected before are dropped.
///
/// The partition of each class and day is looked up only once for a page, so the partition's name is not created for each record.
struct IngestSink: RecordSink {
    private struct Key: Hashable {
        let kind: OCSFKind
        let day: CivilDay
    }

    private let writer: SpoolWriter
    private let digest: SHA256Digest
    private let collectedAt: Int64
    private var partitions: [Key: PartitionID] = [:]
    /// Decides for each event of the page whether it is collected.
    private(set) var reading: PageReading
    /// The number of new events that became records.
    private(set) var events = 0
    /// The number of new events that could not become records.
    private(set) var rejected = 0
    private(set) var firstRejection: Rejection?
    private let keepsActions: Bool
    /// New events from Okta about response actions; empty unless they are kept.
    private(set) var actions: [CommittedActions.Action] = []
    /// The first error of the spool. If there was one, the page must not be committed.
    private(set) var failure: SpoolError?

    /// - Parameter keepsActions: whether events about response actions are kept in ``actions``.
    init(
        _ reading: PageReading, writer: SpoolWriter, digest: SHA256Digest, collectedAt: Int64, keepsActions: Bool
    ) {
        self.reading = reading
        self.writer = writer
        self.digest = digest
        self.collectedAt = collectedAt
        self.keepsActions = keepsActions
    }

    mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) {
        guard failure == nil else { return }
        let identity = EventIdentity.of(uid: UnsafeRawBufferPointer(rebasing: bytes[head.uid]), digest)
        let isNew = reading.takes(identity)
        if let published = head.published { reading.saw(published: published) }
        guard isNew else { return }
        do throws(SpoolError) {
            let key = Key(kind: head.kind, day: CivilDay(of: head.time))
            let partition: PartitionID
            if let known = partitions[key] {
                partition = known
            } else {
                partition = try writer.partition("class=\(head.kind.facts.name)/date=\(key.day.text)")
                partitions[key] = partition
            }
            try writer.append(bytes, to: partition, time: head.time)
        } catch {
            failure = error
        }
        events += 1
        if keepsActions, let action = CommittedActions.Action(record: bytes, integration: writer.integration) {
            actions.append(action)
        }
    }

    mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) {
        guard failure == nil, reading.takes(EventIdentity.of(bytes: event, digest)) else { return }
        do throws(SpoolError) {
            let day = CivilDay(of: collectedAt).text
            let partition = try writer.partition("date=\(day)", kind: .rejected)
            let line = rejection.line(event: event, offset: offset, collectedAt: collectedAt)
            let outcome = line.withUnsafeBytes { bytes in
                Result { () throws(SpoolError) in try writer.append(bytes, to: partition, time: collectedAt) }
            }
            try outcome.get()
        } catch {
            failure = error
        }
        rejected += 1
        firstRejection = firstRejection ?? rejection
    }
}

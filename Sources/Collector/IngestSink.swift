import OCSF
import OktaAPI
import Spool

/// Takes a page's records to the spool's partitions: `class=<OCSF class>/date=<UTC day of the event>`, and what could
/// not become a record to a partition of its own. What the spool has already is counted and dropped.
///
/// The partition of each class and day of the page is looked up once; a record then costs no text.
struct IngestSink: RecordSink {
    private struct Key: Hashable {
        let kind: OCSFKind
        let day: CivilDay
    }

    private let writer: SpoolWriter
    private let digest: SHA256Digest
    private let way: LogWay
    private let collectedAt: Int64
    private var partitions: [Key: PartitionID] = [:]
    private var times: [Int64] = []
    private var found = PageContents()
    /// Of the events that were not known, in the page's order.
    private(set) var identities: [RecordIdentity] = []
    /// New ones, as `rejected`.
    private(set) var events = 0
    private(set) var rejected = 0
    private(set) var firstRejection: Rejection?
    /// The first thing that the spool refused. The page must then not be committed.
    private(set) var failure: SpoolError?

    init(writer: SpoolWriter, digest: SHA256Digest, way: LogWay, collectedAt: Int64) {
        self.writer = writer
        self.digest = digest
        self.way = way
        self.collectedAt = collectedAt
    }

    /// What the page held, once it is read to its end.
    var contents: PageContents {
        var contents = found
        let sorted = times.sorted()
        contents.newest = sorted.last
        contents.typical = sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2]
        return contents
    }

    /// Counts an event. Whether it is new: not in the spool, as far as that is remembered, and not in this page before.
    private mutating func isNew(_ identity: RecordIdentity?) -> Bool {
        found.count += 1
        guard let identity else {
            found.boundaryRun = 0
            return true
        }
        let isBoundary = way == .history && writer.knows(identity.atBoundary)
        found.boundaryRun = isBoundary ? found.boundaryRun + 1 : 0
        guard !isBoundary, !writer.knows(identity) else {
            found.known += 1
            return false
        }
        writer.remember(identity, in: way == .tail ? .tail : .history)
        identities.append(identity)
        return true
    }

    mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) {
        guard failure == nil else { return }
        times.append(head.time)
        guard isNew(EventIdentity.of(uid: UnsafeRawBufferPointer(rebasing: bytes[head.uid]), digest)) else { return }
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
    }

    mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) {
        guard failure == nil, isNew(EventIdentity.of(bytes: event, digest)) else { return }
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

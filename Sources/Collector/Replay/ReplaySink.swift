import OCSF
import Spool

/// Writes one event's record to its partition of the new spool.
struct ReplaySink: RecordSink {
    let writer: ReplayWriter
    let collectedAt: Int64
    /// The `metadata.uid` of the record in the old spool.
    let uid: UnsafeRawBufferPointer?
    private(set) var failure: SpoolError?
    private(set) var mismatch: String?

    init(writer: ReplayWriter, collectedAt: Int64, uid: UnsafeRawBufferPointer?) {
        self.writer = writer
        self.collectedAt = collectedAt
        self.uid = uid
    }

    mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) {
        if let uid, !uid.elementsEqual(bytes[head.uid]) {
            mismatch =
                "raw_data contains another event, \(String(decoding: bytes[head.uid], as: UTF8.self))"
            return
        }
        let key = ReplayWriter.Key(kind: head.kind, day: CivilDay(of: head.time))
        put(bytes, key, time: head.time) { "class=\(head.kind.facts.name)/date=\($0)" }
        writer.position.totals.records += 1
    }

    mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) {
        let line = rejection.line(event: event, offset: offset, collectedAt: collectedAt)
        let key = ReplayWriter.Key(kind: nil, day: CivilDay(of: collectedAt))
        line.withUnsafeBytes { put($0, key, time: collectedAt) { "date=\($0)" } }
        writer.position.totals.rejected += 1
    }

    private mutating func put(
        _ bytes: UnsafeRawBufferPointer, _ key: ReplayWriter.Key, time: Int64, path: (String) -> String
    ) {
        do throws(SpoolError) {
            let partition: PartitionID
            if let known = writer.partitions[key] {
                partition = known
            } else {
                partition = try writer.writer.partition(
                    path(key.day.text), kind: key.kind == nil ? .rejected : .records)
                writer.partitions[key] = partition
            }
            try writer.writer.append(bytes, to: partition, time: time)
        } catch {
            failure = error
        }
    }
}

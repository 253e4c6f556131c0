/// One read of a source other than Okta's log: its records, and the place after them. `IngestWorker.take` makes both durable in one step.
struct SourceBatch: Sendable {
    /// A record of one event.
    struct Record: Sendable {
        /// The record: a line without its newline. Like every record, it begins with `metadata.uid`, the rest of `metadata`, and `time`. The spool's
        /// readers rely on this order.
        var line: [UInt8]
        /// The name of the record's class in the schema, in snake case.
        var className: String
        /// The record's `time`, in milliseconds since 1970.
        var time: Int64
    }

    var records: [Record]
    /// Where the source continues, as text that only the source understands.
    var next: String
    /// Whether the end of the source was reached.
    var isEnd: Bool
}

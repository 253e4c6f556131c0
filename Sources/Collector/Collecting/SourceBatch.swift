/// What a source other than Okta's log brings at once: its records, and the place after them. Both become durable in one step (`IngestWorker.take`).
struct SourceBatch: Sendable {
    /// A record of one event.
    struct Record: Sendable {
        /// The record, a line without its newline. It begins as all records do, with `metadata.uid`, the rest of `metadata`, and `time`, which the spool's
        /// readers rely on.
        var line: [UInt8]
        /// The name of its class in the schema, in snake case.
        var className: String
        /// `time`, in milliseconds since 1970.
        var time: Int64
    }

    var records: [Record]
    /// Where the source is read on, as text that only the source understands.
    var next: String
    /// Whether there was nothing more.
    var isEnd: Bool
}

/// What only the owner of the spool's lines can tell of one. The spool itself keeps them as bytes.
package struct LineFacts {
    /// What the owner gave to `SpoolWriter.remember` for it; nil where that can't be known.
    package var identity: (UnsafeRawBufferPointer, PartitionKind) -> RecordIdentity?
    /// The time it was appended with, milliseconds since 1970.
    package var time: (UnsafeRawBufferPointer, PartitionKind) -> Int64?
    /// What it follows, as `SpoolSettings.recordSchema` has it; nil where the line does not tell.
    package var schema: (UnsafeRawBufferPointer, PartitionKind) -> String?

    package init(
        identity: @escaping (UnsafeRawBufferPointer, PartitionKind) -> RecordIdentity?,
        time: @escaping (UnsafeRawBufferPointer, PartitionKind) -> Int64?,
        schema: @escaping (UnsafeRawBufferPointer, PartitionKind) -> String? = { _, _ in nil }
    ) {
        self.identity = identity
        self.time = time
        self.schema = schema
    }

    package static var unknown: LineFacts { LineFacts(identity: { _, _ in nil }, time: { _, _ in nil }) }
}

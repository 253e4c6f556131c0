/// Functions that extract facts from a line. The spool itself treats lines as opaque bytes.
package struct LineFacts {
    /// The identity that was passed to `SpoolWriter.remember` for this line; nil if the line does not contain it.
    package var identity: (UnsafeRawBufferPointer, PartitionKind) -> RecordIdentity?
    /// The time that was passed to `SpoolWriter.append` for this line, in milliseconds since 1970.
    package var time: (UnsafeRawBufferPointer, PartitionKind) -> Int64?
    /// The schema that the line follows, in the form of `SpoolSettings.recordSchema`; nil if the line does not name one.
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

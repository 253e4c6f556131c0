/// Facts about a record that its receiver would otherwise have to parse from the record.
package struct RecordHead: Sendable, Equatable {
    /// The record's class. `kind.facts` has the class's number, and its name, which is also the name of a partition.
    package let kind: OCSFKind
    /// The record's `time`, in milliseconds since 1970, UTC.
    package let time: Int64
    /// The event's `published`, in milliseconds since 1970; nil if it is missing or unreadable. `time` is then the time of collection.
    package let published: Int64?
    /// Where `metadata.uid` is in the record: the inside of a JSON string, with its escapes.
    package let uid: Range<Int>
    /// Whether the event had no usable uuid, so that its `metadata.uid` was derived from its bytes.
    package let isUIDDerived: Bool
    /// Whether the event lacks what its own class requires, so that the nearest class was used instead.
    package let isFallback: Bool
}

/// Receives a normalizer's results in the order of the events. The bytes are valid only during the call.
package protocol RecordSink {
    /// One record: a JSON object in one line, without the line feed.
    mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead)

    /// An event that could not become a record. `offset` is its position in the page or stream, in bytes.
    mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int)
}

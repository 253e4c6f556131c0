/// What a reader of records needs to know of one without reading it.
package struct RecordHead: Sendable, Equatable {
    /// The record's class; `facts` has its number and the name of its partition.
    package let kind: OCSFKind
    /// `time`: milliseconds since 1970, UTC.
    package let time: Int64
    /// Where `metadata.uid` stands in the record: the inside of a JSON string, escapes kept.
    package let uid: Range<Int>
    /// The event had no usable uuid, and its `metadata.uid` was made from its bytes.
    package let isUIDDerived: Bool
    /// The event's own class could not be filled, and the nearest one was taken.
    package let isFallback: Bool
}

/// Where a normalizer puts what it makes, in the order of the events. The bytes are valid during the call only.
package protocol RecordSink {
    /// One record: a JSON object in one line, without the line feed.
    mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead)

    /// An event that could not become a record. `offset` is the place of the event in its page or stream, in bytes.
    mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int)
}

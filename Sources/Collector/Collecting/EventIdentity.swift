import OCSF
import Spool

/// How Tributary recognizes an event that it has already collected. This is necessary, because Okta does not promise to send each event only once. An
/// event is recognized by its uuid, because Okta's uuid is unique and never null (System Log API).
enum EventIdentity {
    /// The identity of a record by its `metadata.uid`: the 128 bits of a uuid, or 128 bits of the SHA-256 of any other text.
    static func of(uid: UnsafeRawBufferPointer, _ digest: SHA256Digest) -> RecordIdentity? {
        uuid(uid) ?? of(bytes: uid, digest)
    }

    /// An identity that is a hash. For an event that could not become a record, `bytes` is the event. For a record whose uid is not a uuid, `bytes`
    /// is the uid.
    static func of(bytes: UnsafeRawBufferPointer, _ digest: SHA256Digest) -> RecordIdentity? {
        digest.leading128Bits(of: bytes).map { RecordIdentity(high: $0.high, low: $0.low) }
    }

    /// The identity of the event from which a line of the spool was made; nil if the line contains no identity.
    static func of(line: UnsafeRawBufferPointer, _ kind: PartitionKind, _ digest: SHA256Digest) -> RecordIdentity? {
        switch kind {
        case .records: recordUID(of: line).flatMap { of(uid: $0, digest) }
        case .rejected: Rejection.event(ofLine: line)?.withUnsafeBytes { of(bytes: $0, digest) }
        }
    }

    /// A uuid in its canonical form (RFC 9562, section 4), in lower case; nil for any other text and for the nil uuid.
    private static func uuid(_ text: UnsafeRawBufferPointer) -> RecordIdentity? {
        guard text.count == 36 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<36 {
            let byte = text[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit)
        }
        return high == 0 && low == 0 ? nil : RecordIdentity(high: high, low: low)
    }
}

extension LineFacts {
    init(_ digest: SHA256Digest) {
        self.init(
            identity: { line, kind in EventIdentity.of(line: line, kind, digest) },
            time: { line, kind in kind == .records ? recordTime(of: line) : Rejection.collectedAt(ofLine: line) },
            schema: { line, kind in kind == .records ? SchemaVersion(ofRecord: line)?.name : nil })
    }
}

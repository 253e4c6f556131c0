import OCSF
import Spool

/// How the spool tells an event that it has from one that it has not: Okta's uuid is unique and never null (System Log API), and Okta
/// promises nowhere to send an event only once.
enum EventIdentity {
    /// Of a record, by its `metadata.uid`: the uuid's 128 bits; of any other text, those of its SHA-256.
    static func of(uid: UnsafeRawBufferPointer, _ digest: SHA256Digest) -> RecordIdentity? {
        uuid(uid) ?? of(bytes: uid, digest)
    }

    /// Of an event that could not become a record, by its bytes.
    static func of(bytes: UnsafeRawBufferPointer, _ digest: SHA256Digest) -> RecordIdentity? {
        digest.leading128Bits(of: bytes).map { RecordIdentity(high: $0.high, low: $0.low) }
    }

    /// Of the event that a line of the spool was made of; nil if the line does not tell.
    static func of(line: UnsafeRawBufferPointer, _ kind: PartitionKind, _ digest: SHA256Digest) -> RecordIdentity? {
        switch kind {
        case .records: recordUID(of: line).flatMap { of(uid: $0, digest) }
        case .rejected: Rejection.event(ofLine: line)?.withUnsafeBytes { of(bytes: $0, digest) }
        }
    }

    /// A uuid in its canonical form (RFC 9562, section 4), in lower case; nil for any other text, the nil uuid too.
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

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

extension RecordIdentity {
    /// The same event as one of the tail's first, told from the event itself: `knows` answers for all windows together.
    var atBoundary: RecordIdentity { RecordIdentity(high: ~high, low: low ^ 0x5555_5555_5555_5555) }
}

/// What the spool's windows of identities are for.
extension IdentityWindow {
    /// What the tail brought in the last twenty minutes of event time: for fresh queries, and for events that Okta sends twice.
    static let tail = window(0)
    /// The same of a backfill's history.
    static let history = window(1)
    /// The tail's first events beside a backfill, by which the history recognises where it ends.
    static let boundary = window(2)

    private static func window(_ number: UInt8) -> IdentityWindow {
        guard let window = IdentityWindow(rawValue: number) else {
            preconditionFailure("a window of the program's own")
        }
        return window
    }
}

extension SpoolWriter {
    /// Bounds what is remembered. Twenty minutes are four times what a fresh query goes back; the counts bound the memory of a busy org.
    func boundIdentities() {
        bound(.tail, count: 32_768, span: 1_200_000)
        bound(.history, count: 32_768, span: 1_200_000)
        bound(.boundary, count: 4_096, span: nil)
    }
}

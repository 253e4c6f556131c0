import OCSF

/// Checks properties that must hold for any input bytes. If a property does not hold, ``trouble`` says so.
///
/// Each event must have exactly one outcome: a record or a rejection. Each of these must be one line of JSON that the strict reader accepts. The
/// `metadata.uid` of a record must be at the position that the record's head gives.
package struct OutcomeCheck: RecordSink {
    /// The strict reader, which reads the normalizer's output.
    private let reader: Normalizer
    private var outcomes = 0
    package private(set) var records = 0
    /// How often events were set aside, by reason.
    package private(set) var rejections: [RejectionReason: Int] = [:]
    /// The first violation that was found.
    package private(set) var trouble: String?
    /// The record of the last event, if `keepsRecord` was set; nil if the event was set aside.
    package private(set) var lastRecord: [UInt8]?
    private let keepsRecord: Bool

    package init(reader: Normalizer, keepsRecord: Bool = false) {
        self.reader = reader
        self.keepsRecord = keepsRecord
    }

    package mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) {
        outcomes += 1
        records += 1
        if keepsRecord { lastRecord = Array(bytes) }
        if bytes.contains(0x0A) || bytes.contains(0x0D) { complain("a record has a line break in it") }
        guard head.uid.lowerBound >= 0, head.uid.upperBound < bytes.count, !head.uid.isEmpty else {
            return complain("the record's head says that metadata.uid is outside of the record")
        }
        let uid = recordUID(of: bytes)
        if uid.map({ Array($0) }) != Array(bytes[head.uid]) { complain("metadata.uid is not where the head says") }
        if let rejection = reader.rejection(of: bytes) {
            // A record contains its event, so it may exceed the reader's limits for the depth, size and number of values of an event.
            switch rejection.reason {
            case .tooDeep, .tooLarge, .tooManyValues: break
            default: complain("the record \(rejection.reason.explanation) (byte \(rejection.position))")
            }
        }
    }

    package mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) {
        outcomes += 1
        rejections[rejection.reason, default: 0] += 1
        if keepsRecord { lastRecord = nil }
        if rejection.position < 0 || rejection.position > event.count {
            complain("a rejection's position is outside the event")
        }
        let line = rejection.line(event: event, offset: offset, collectedAt: 0)
        if line.contains(0x0A) || line.contains(0x0D) { complain("a rejection's line has a line break in it") }
        let unreadable = line.withUnsafeBytes { reader.rejection(of: $0) }
        if let unreadable, unreadable.reason != .tooLarge {
            complain("the line of a rejection \(unreadable.reason.explanation)")
        }
    }

    private mutating func complain(_ text: String) {
        if trouble == nil { trouble = text }
    }

    /// Checks the bytes as one event.
    package mutating func event(_ bytes: UnsafeRawBufferPointer, _ normalizer: Normalizer, _ source: EventSource) {
        outcomes = 0
        normalizer.normalizeEvent(bytes, source: source, offset: 0, collectedAt: 1_790_000_000_000, into: &self)
        if outcomes != 1 { complain("one event has \(outcomes) outcomes instead of 1") }
    }

    /// Checks the outcomes of a page's events. If the page is refused as a whole, it must have no outcome.
    package mutating func page(_ bytes: UnsafeRawBufferPointer, _ normalizer: Normalizer, _ source: EventSource) {
        outcomes = 0
        do throws(PageError) {
            try normalizer.normalizePage(bytes, source: source, collectedAt: 1_790_000_000_000, into: &self)
        } catch {
            if outcomes != 0 { complain("a page was refused, but the number of its outcomes is \(outcomes)") }
            if error.offset < 0 || error.offset > bytes.count { complain("a refusal's position is outside the page") }
        }
    }

    /// Checks that a stream has the same events whether it is read in one piece or in pieces of `step` bytes, and that the events do not overlap.
    /// Only these bytes may be outside of events: white space, a byte order mark at the beginning, and the brackets and commas of arrays.
    package mutating func stream(_ bytes: UnsafeRawBufferPointer, step: Int) -> [Range<Int>] {
        let whole = Self.events(bytes, step: max(1, bytes.count))
        if Self.events(bytes, step: max(1, step)) != whole {
            complain("a stream has other events if it is read in pieces of \(step) bytes")
        }
        var at = 0
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { at = 3 }
        for range in whole + [bytes.count..<bytes.count] {
            if range.lowerBound < at, range.upperBound > range.lowerBound { complain("a stream's events overlap") }
            while at < range.lowerBound {
                switch bytes[at] {
                case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","): at += 1
                default:
                    complain("byte \(at) of a stream is neither part of an event nor a separator")
                    return whole
                }
            }
            at = max(at, range.upperBound)
        }
        return whole
    }

    private static func events(_ bytes: UnsafeRawBufferPointer, step: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var stream = EventStream()
        var first = 0
        var fed = 0
        while true {
            fed = min(bytes.count, fed + step)
            let isLast = fed == bytes.count
            let seen = UnsafeRawBufferPointer(rebasing: bytes[first..<fed])
            var at = 0
            reading: while true {
                switch stream.next(seen, from: at, isLast: isLast) {
                case .event(let range):
                    found.append(first + range.lowerBound..<first + range.upperBound)
                    // Without this check, a stream that makes no progress would never end.
                    if range.upperBound <= at { return found }
                    at = range.upperBound
                case .more(let keep):
                    first += keep
                    break reading
                }
            }
            if isLast { return found }
        }
    }
}

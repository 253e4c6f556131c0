import OCSF

/// What holds for whatever bytes come in; a text says what does not.
///
/// Each event has exactly one outcome: a record, which is one line of JSON that the strict reader takes, with its key where its head
/// says; or a rejection, whose line is such JSON as well.
package struct OutcomeCheck: RecordSink {
    /// Reads back what was made.
    private let reader: Normalizer
    private var outcomes = 0
    package private(set) var records = 0
    /// How often events were set aside, by reason.
    package private(set) var rejections: [RejectionReason: Int] = [:]
    /// The first thing that was wrong.
    package private(set) var trouble: String?
    /// The last record, when the caller wants to see records.
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
            return complain("the key is not inside the record")
        }
        let uid = recordUID(of: bytes)
        if uid.map({ Array($0) }) != Array(bytes[head.uid]) { complain("the key is not where the record's head says") }
        if let rejection = reader.rejection(of: bytes) {
            // A record stands around its event, so it may be one level deeper and longer than what is read.
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
            complain("a rejection's place is outside the event")
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

    /// One event, as it stands.
    package mutating func event(_ bytes: UnsafeRawBufferPointer, _ normalizer: Normalizer, _ source: EventSource) {
        outcomes = 0
        normalizer.normalizeEvent(bytes, source: source, offset: 0, collectedAt: 1_790_000_000_000, into: &self)
        if outcomes != 1 { complain("one event had \(outcomes) outcomes") }
    }

    /// A page: refused as a whole with nothing handed on, or else all of it.
    package mutating func page(_ bytes: UnsafeRawBufferPointer, _ normalizer: Normalizer, _ source: EventSource) {
        outcomes = 0
        do throws(PageError) {
            try normalizer.normalizePage(bytes, source: source, collectedAt: 1_790_000_000_000, into: &self)
        } catch {
            if outcomes != 0 { complain("a refused page had \(outcomes) outcomes") }
            if error.offset < 0 || error.offset > bytes.count { complain("a refusal's place is outside the page") }
        }
    }

    /// A stream gives the same events whether it comes in one piece or in pieces of `step` bytes, and leaves out nothing but white space,
    /// a byte order mark at its beginning, and the brackets and commas of arrays.
    package mutating func stream(_ bytes: UnsafeRawBufferPointer, step: Int) -> [Range<Int>] {
        let whole = Self.events(bytes, step: max(1, bytes.count))
        if Self.events(bytes, step: max(1, step)) != whole {
            complain("a stream's events depend on its pieces of \(step)")
        }
        var at = 0
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { at = 3 }
        for range in whole + [bytes.count..<bytes.count] {
            if range.lowerBound < at, range.upperBound > range.lowerBound { complain("a stream's events overlap") }
            while at < range.lowerBound {
                switch bytes[at] {
                case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","): at += 1
                default:
                    complain("byte \(at) of a stream is in no event")
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
                    // A stream that does not go on would never end.
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

import CSimdjson
import Glibc

/// Finds the events in a stream of any length: one JSON array, or one event per line, or a mixture, with LF or CRLF, pretty-printed or not. An
/// `EventStream` stores only its state; the caller stores the bytes.
///
/// Each line is handled separately, so that a broken line affects nothing else. An array may span lines if it is the first
/// thing in the stream or if its bracket is alone on its line. An object may span lines if its brace is alone on its line and no other event begins
/// on the next line.
package struct EventStream: Sendable {
    /// What was found next in the given bytes.
    package enum Step: Sendable, Equatable {
        /// The range of an event, or of other bytes where an event was expected.
        case event(Range<Int>)
        /// More bytes are needed. The next call must begin with the bytes from this offset on, followed by new ones. At the end of the stream, this
        /// case means that no event is left.
        case more(keep: Int)
    }

    private var isInArray = false
    private var isAfterElement = false
    private var isFirst = true
    private var isAtBeginning = true

    package init() {}

    /// Looks for the next event in `bytes` from `position` on. With `isLast`, no more bytes follow, so an unfinished element at the end is returned as
    /// an event, too.
    package mutating func next(_ bytes: UnsafeRawBufferPointer, from position: Int, isLast: Bool) -> Step {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .more(keep: 0) }
        let end = bytes.count
        var at = position
        if isAtBeginning {
            // A byte order mark at the beginning is not part of the text (RFC 8259 section 8.1 allows a reader to ignore it).
            guard end - at >= 3 || isLast else { return .more(keep: at) }
            isAtBeginning = false
            if end - at >= 3, start[at] == 0xEF, start[at + 1] == 0xBB, start[at + 2] == 0xBF { at += 3 }
        }
        while true {
            at = skipSpace(start, at, end)
            guard at < end else { return .more(keep: end) }
            guard isInArray else {
                if start[at] == UInt8(ascii: "[") {
                    let lineEnd = Self.lineEnd(start, at, end)
                    if !isFirst, lineEnd == nil, !isLast { return rest(at, end, false) }
                    let stop = Self.trimmed(start, at, lineEnd ?? end)
                    let isWhole = EventCutter.valueEnd(start, at, stop) != nil
                    guard isFirst || isWhole || stop - at == 1 else { return .event(at..<stop) }
                    isInArray = true
                    isAfterElement = false
                    at += 1
                    continue
                }
                return line(start, at, end, isLast)
            }
            isFirst = false
            switch start[at] {
            case UInt8(ascii: "]"):
                isInArray = false
                at += 1
            case UInt8(ascii: ",") where isAfterElement:
                isAfterElement = false
                at += 1
            default:
                guard let stop = EventCutter.valueEnd(start, at, end) else { return rest(at, end, isLast) }
                isAfterElement = true
                // A comma or brace where an element should begin counts as an element. It is set aside, and nothing else is affected.
                return .event(at..<max(stop, at + 1))
            }
        }
    }

    private mutating func line(_ start: UnsafePointer<UInt8>, _ at: Int, _ end: Int, _ isLast: Bool) -> Step {
        let lineEnd = Self.lineEnd(start, at, end)
        let stop = Self.trimmed(start, at, lineEnd ?? end)
        if stop - at == 1, start[at] == UInt8(ascii: "{") {
            let next = lineEnd.map { skipSpace(start, $0, end) } ?? end
            if next == end, !isLast { return rest(at, end, false) }
            if next < end, start[next] == UInt8(ascii: "\"") || start[next] == UInt8(ascii: "}") {
                guard let valueEnd = EventCutter.valueEnd(start, at, end) else { return rest(at, end, isLast) }
                isFirst = false
                return .event(at..<valueEnd)
            }
        }
        guard lineEnd != nil || isLast else { return rest(at, end, false) }
        isFirst = false
        return .event(at..<stop)
    }

    private static func lineEnd(_ start: UnsafePointer<UInt8>, _ at: Int, _ end: Int) -> Int? {
        memchr(start + at, 0x0A, end - at).map { UnsafeRawPointer($0) - UnsafeRawPointer(start) }
    }

    /// The offset at which a line ends, without its trailing white space.
    private static func trimmed(_ start: UnsafePointer<UInt8>, _ at: Int, _ lineEnd: Int) -> Int {
        var stop = lineEnd
        while stop > at + 1, isSpace(start[stop - 1]) { stop -= 1 }
        return stop
    }

    /// The result if the bytes end inside an element. More bytes are needed, unless the stream has ended or the element is already too large for an
    /// event. In these two cases, the remaining bytes are the event.
    private func rest(_ at: Int, _ end: Int, _ isLast: Bool) -> Step {
        isLast || end - at > 4 * JSONTape.maximumBytes ? .event(at..<end) : .more(keep: at)
    }
}

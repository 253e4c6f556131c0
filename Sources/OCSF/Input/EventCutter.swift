import CSimdjson
import Glibc

/// The error for a page that is not one complete JSON array. None of its events was passed on, so request the page again.
package struct PageError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Problem: String, Sendable {
        case notAnArray = "does not begin with ["
        case truncated = "ends before its array is complete"
        case unexpectedByte = "contains a byte that is not allowed at its position"
        case trailingBytes = "continues after the end of its array"
        case tooLarge = "is larger than 1 GiB"
    }

    package let problem: Problem
    /// Byte offset in the page.
    package let offset: Int

    package var description: String { "the page \(problem.rawValue) (byte \(offset))" }
}

/// Splits a page, which is one JSON array, into the byte ranges of its elements, without parsing the elements.
///
/// Only brackets outside strings are counted. So an error inside an element affects only that element, and the other events are kept. A page whose
/// outer structure is wrong is refused as a whole.
struct EventCutter {
    struct Span {
        var start: UInt32
        var end: UInt32
    }

    /// The byte ranges of the elements of the last page. Their memory is reused.
    private(set) var spans: [Span] = []

    static let maximumPage = 1 << 30

    mutating func cut(_ page: UnsafeRawBufferPointer) throws(PageError) {
        spans.removeAll(keepingCapacity: true)
        guard page.count <= Self.maximumPage else { throw PageError(problem: .tooLarge, offset: 0) }
        guard let bytes = page.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            throw PageError(problem: .truncated, offset: 0)
        }
        let end = page.count
        var at = skipSpace(bytes, 0, end)
        guard at < end else { throw PageError(problem: .truncated, offset: end) }
        guard bytes[at] == UInt8(ascii: "[") else { throw PageError(problem: .notAnArray, offset: at) }
        at = skipSpace(bytes, at + 1, end)
        if at < end, bytes[at] == UInt8(ascii: "]") {
            return try finish(bytes, at + 1, end)
        }
        while true {
            guard at < end else { throw PageError(problem: .truncated, offset: end) }
            guard let stop = Self.valueEnd(bytes, at, end) else { throw PageError(problem: .truncated, offset: end) }
            guard stop > at else { throw PageError(problem: .unexpectedByte, offset: at) }
            spans.append(Span(start: UInt32(at), end: UInt32(stop)))
            at = skipSpace(bytes, stop, end)
            guard at < end else { throw PageError(problem: .truncated, offset: end) }
            switch bytes[at] {
            case UInt8(ascii: ","): at = skipSpace(bytes, at + 1, end)
            case UInt8(ascii: "]"): return try finish(bytes, at + 1, end)
            default: throw PageError(problem: .unexpectedByte, offset: at)
            }
        }
    }

    private func finish(_ bytes: UnsafePointer<UInt8>, _ from: Int, _ end: Int) throws(PageError) {
        let rest = skipSpace(bytes, from, end)
        guard rest == end else { throw PageError(problem: .trailingBytes, offset: rest) }
    }

    /// The end of the value that begins at `at`, or nil if the text ends first. A value that is neither an object nor an array ends
    /// before the next comma or bracket outside a string.
    static func valueEnd(_ bytes: UnsafePointer<UInt8>, _ at: Int, _ end: Int) -> Int? {
        if bytes[at] == UInt8(ascii: "{") || bytes[at] == UInt8(ascii: "[") {
            let stop = tributary_json_container_end(bytes, end, at)
            // The C function's result SIZE_MAX, for "no end", arrives here as -1.
            return stop > 0 ? stop : nil
        }
        var stop = at
        var inString = false
        while stop < end {
            switch bytes[stop] {
            case UInt8(ascii: "\\") where inString: stop += 1
            case UInt8(ascii: "\""): inString.toggle()
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "{"):
                if !inString { return stop }
            default: break
            }
            stop += 1
        }
        return nil
    }
}

/// JSON's white space, RFC 8259 section 2.
@inline(__always)
func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

@inline(__always)
func skipSpace(_ bytes: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
    var at = from
    while at < end, isSpace(bytes[at]) { at += 1 }
    return at
}

import CSimdjson

typealias JSONNode = UnsafeMutablePointer<tributary_json_node>

extension UnsafeMutablePointer where Pointee == tributary_json_node {
    /// The member of an object with this key, on the tape that begins with `nodes`; nil if there is none, or if this is not an object.
    @inline(__always) func child(_ key: UInt16, in nodes: JSONNode) -> JSONNode? {
        guard Int(pointee.kind) == TRIBUTARY_JSON_OBJECT else { return nil }
        let end = nodes + Int(pointee.next)
        var child = self + 1
        while child < end {
            if child.pointee.key == key { return child }
            child = nodes + Int(child.pointee.next)
        }
        return nil
    }
}

/// The inside of a JSON string exactly as in the source, with its escapes.
struct JSONText {
    let start: UnsafePointer<UInt8>
    let count: Int
    let isEscaped: Bool

    func equals(_ other: StaticString) -> Bool {
        count == other.utf8CodeUnitCount && equalBytes(start, other.utf8Start, count)
    }

    /// Compares without regard to the case of ASCII letters; `other` must be in lower case.
    func equalsIgnoringCase(_ other: StaticString) -> Bool {
        guard count == other.utf8CodeUnitCount else { return false }
        let lower = other.utf8Start
        for index in 0..<count {
            let byte = start[index]
            let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
            if folded != lower[index] { return false }
        }
        return true
    }

    func contains(_ part: StaticString) -> Bool { find(part) != nil }

    func hasPrefix(_ part: StaticString) -> Bool {
        count >= part.utf8CodeUnitCount && equalBytes(start, part.utf8Start, part.utf8CodeUnitCount)
    }

    func hasSuffix(_ part: StaticString) -> Bool {
        let size = part.utf8CodeUnitCount
        return count >= size && equalBytes(start + (count - size), part.utf8Start, size)
    }

    /// The offset of the first occurrence of `part`; nil if there is none.
    func find(_ part: StaticString) -> Int? {
        let size = part.utf8CodeUnitCount
        guard size > 0, count >= size else { return nil }
        for offset in 0...(count - size) where start[offset] == part.utf8Start[0] {
            if equalBytes(start + offset, part.utf8Start, size) { return offset }
        }
        return nil
    }

    func firstIndex(of byte: UInt8) -> Int? {
        for index in 0..<count where start[index] == byte { return index }
        return nil
    }

    func slice(_ range: Range<Int>) -> JSONText {
        JSONText(start: start + range.lowerBound, count: range.count, isEscaped: isEscaped)
    }

    var string: String { String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self) }
}

@inline(__always)
func equalBytes(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    for index in 0..<count where left[index] != right[index] { return false }
    return true
}

/// Owns the JSON parser and its memory, which each parse reuses. The nodes of one text are therefore lost when the next text is parsed.
///
/// The grammar is strictly RFC 8259. In addition, duplicate names in an object and lone surrogates are refused, because two readers could interpret
/// such a text differently (RFC 8259 sections 4 and 8.2 leave both open).
final class JSONTape {
    /// An event of more than this many bytes is set aside and does not become a record. Okta's events are a few kilobytes in size.
    static let maximumBytes = 4 << 20
    static let maximumValues = 131_072
    static let maximumDepth = 64
    /// In bytes. Python refuses integers of more than 4,300 digits, and many programs that read records are written in Python.
    static let maximumNumberLength = 1024

    private let parser: OpaquePointer

    /// `scale` multiplies the limits on bytes, values and depth. It is above 1 for reading records, which contain some parts of an event more than
    /// once.
    init?(keys: [(name: String, number: UInt16)], scale: Int = 1) {
        let limits = tributary_json_limits(
            bytes: UInt32(Self.maximumBytes * scale), values: UInt32(Self.maximumValues * scale),
            depth: UInt32(Self.maximumDepth * scale), number_length: UInt32(Self.maximumNumberLength))
        guard let parser = tributary_json_parser_new(limits) else { return nil }
        self.parser = parser
        for key in keys where tributary_json_parser_intern(parser, key.name, key.number) == 0 { return nil }
    }

    deinit { tributary_json_parser_free(parser) }

    /// The root node, and the number of all nodes including the root. The nodes follow the root in memory, and are valid until the next call.
    func parse(_ text: UnsafeRawBufferPointer) -> Result<(nodes: JSONNode, count: Int), Rejection> {
        guard let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            return .failure(Rejection(reason: .syntax, position: 0))
        }
        var nodes: JSONNode?
        var count: UInt32 = 0
        var position = 0
        let code = tributary_json_parse(parser, start, text.count, &nodes, &count, &position)
        guard Int(code) == TRIBUTARY_JSON_OK, let nodes else {
            return .failure(Rejection(reason: RejectionReason(code: Int(code)), position: position))
        }
        return .success((nodes, Int(count)))
    }
}

import CSimdjson
import Glibc

/// A view of one parsed LogEvent. Nothing is copied, and no particular shape is assumed: code that uses a value checks the value's type first. A
/// value of an unexpected type is ignored, so it ends up in `unmapped`.
struct LogEvent {
    let bytes: UnsafePointer<UInt8>
    let count: Int
    let nodes: JSONNode
    /// The members of the event, indexed by `OktaKey.rawValue`.
    let top: UnsafeMutablePointer<JSONNode?>
    /// The members of `debugContext.debugData`, indexed by `OktaKey.rawValue`.
    let debug: UnsafeMutablePointer<JSONNode?>

    /// Fills `top` with the members of the event, and `debug` with those of `debugData`, each in one pass.
    func index() {
        top.update(repeating: nil, count: OktaKey.slots)
        debug.update(repeating: nil, count: OktaKey.slots)
        fill(top, from: nodes)
        if let context = top[Int(OktaKey.debugContext.rawValue)], let data = child(context, .debugData) {
            fill(debug, from: data)
        }
    }

    private func fill(_ table: UnsafeMutablePointer<JSONNode?>, from object: JSONNode) {
        guard Int(object.pointee.kind) == TRIBUTARY_JSON_OBJECT else { return }
        let end = nodes + Int(object.pointee.next)
        var node = object + 1
        while node < end {
            table[Int(node.pointee.key)] = node
            node = nodes + Int(node.pointee.next)
        }
        table[0] = nil
    }

    @inline(__always) subscript(_ key: OktaKey) -> JSONNode? { top[Int(key.rawValue)] }
    @inline(__always) func debug(_ key: OktaKey) -> JSONNode? { debug[Int(key.rawValue)] }

    func child(_ node: JSONNode?, _ key: OktaKey) -> JSONNode? {
        node?.child(key.rawValue, in: nodes)
    }

    /// Calls `body` for each element of an array. Does nothing for other types.
    @inline(__always)
    func forEach(_ node: JSONNode?, _ body: (JSONNode) -> Void) {
        guard let node, Int(node.pointee.kind) == TRIBUTARY_JSON_ARRAY else { return }
        let end = nodes + Int(node.pointee.next)
        var element = node + 1
        while element < end {
            body(element)
            element = nodes + Int(element.pointee.next)
        }
    }

    func isArray(_ node: JSONNode) -> Bool { Int(node.pointee.kind) == TRIBUTARY_JSON_ARRAY }

    /// The text of a node that is a non-empty string; nil for any other node.
    @inline(__always)
    func text(_ node: JSONNode?) -> JSONText? {
        guard let node, Int(node.pointee.kind) == TRIBUTARY_JSON_STRING else { return nil }
        let size = Int(node.pointee.end - node.pointee.start) - 2
        guard size > 0 else { return nil }
        return JSONText(
            start: bytes + Int(node.pointee.start) + 1, count: size,
            isEscaped: Int(node.pointee.flags) & TRIBUTARY_JSON_ESCAPED != 0)
    }

    /// The maximum length of OCSF's type `string_t`. A longer text is left for `unmapped`.
    static let longestText = 65_535

    /// The text of a node that is a non-empty string and fits into OCSF's `string_t`; nil for any other node.
    @inline(__always)
    func fitting(_ node: JSONNode?) -> JSONText? {
        guard let text = text(node), text.count <= Self.longestText else { return nil }
        return text
    }

    /// Like `fitting`, but also nil for the texts that Okta writes for a missing value: "unknown", "null" and (in old exports) "None".
    @inline(__always)
    func known(_ node: JSONNode?) -> JSONText? {
        guard let text = fitting(node) else { return nil }
        if text.count == 4, text.equalsIgnoringCase("null") || text.equalsIgnoringCase("none") { return nil }
        if text.count == 7, text.equalsIgnoringCase("unknown") { return nil }
        return text
    }

    /// The text of a node that is a number, unchanged; nil for any other node.
    func number(_ node: JSONNode?) -> JSONText? {
        guard let node, Int(node.pointee.kind) == TRIBUTARY_JSON_NUMBER else { return nil }
        return JSONText(
            start: bytes + Int(node.pointee.start), count: Int(node.pointee.end - node.pointee.start), isEscaped: false)
    }

    func boolean(_ node: JSONNode?) -> Bool? {
        guard let node else { return nil }
        switch Int(node.pointee.kind) {
        case TRIBUTARY_JSON_TRUE: return true
        case TRIBUTARY_JSON_FALSE: return false
        default: return nil
        }
    }

    /// Marks the value as present in the record, so that `unmapped` leaves it out.
    @inline(__always)
    func consume(_ node: JSONNode?) {
        node?.pointee.flags |= UInt8(TRIBUTARY_JSON_CONSUMED)
    }

    /// Whether the event's text has no line break, so that any part of it can be copied into a line.
    func isOneLine() -> Bool {
        memchr(bytes, 0x0A, count) == nil && memchr(bytes, 0x0D, count) == nil
    }
}

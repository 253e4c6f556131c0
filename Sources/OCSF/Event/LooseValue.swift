import CSimdjson

/// A value that Okta or an exporter writes in one of three forms: as JSON, as JSON inside a string, or in the form in which Java prints maps and
/// lists (`{level=LOW}`, `[a, b]`).
///
/// Nothing is copied. Every name and value is a slice of the event's bytes. A slice begins and ends between characters, never inside an escape, so it
/// can be copied into a record unchanged.
enum LooseValue {
    case node(JSONNode)
    case text(JSONText)
}

extension LogEvent {
    /// The value of a node that is an object, an array or a text. Nil for any other node, and for a text that is empty, too long for OCSF, or means
    /// "no value".
    @inline(__always)
    func loose(_ node: JSONNode?) -> LooseValue? {
        guard let node else { return nil }
        return looseValue(node)
    }

    private func looseValue(_ node: JSONNode) -> LooseValue? {
        switch Int(node.pointee.kind) {
        case TRIBUTARY_JSON_OBJECT, TRIBUTARY_JSON_ARRAY: return .node(node)
        default: return known(node).map { .text($0) }
        }
    }

    /// The text of a value that is a string, a number or a boolean. Nil for any other value, and for a string that means "no value".
    func scalar(_ value: LooseValue) -> JSONText? {
        switch value {
        case .text(let text): return text.count > 0 && !text.equalsIgnoringCase("null") ? text : nil
        case .node(let node):
            switch Int(node.pointee.kind) {
            case TRIBUTARY_JSON_STRING: return known(node)
            case TRIBUTARY_JSON_NUMBER, TRIBUTARY_JSON_TRUE, TRIBUTARY_JSON_FALSE:
                return JSONText(
                    start: bytes + Int(node.pointee.start), count: Int(node.pointee.end - node.pointee.start),
                    isEscaped: false)
            default: return nil
            }
        }
    }

    /// Calls `body` for each member of a map. In Java's form, a comma can also be part of a value. So the text after a comma is a new member only if
    /// it begins with a name that `isName` accepts, followed by a `=`.
    @inline(__always)
    func forEachMember(
        of value: LooseValue, isName: (JSONText) -> Bool = { _ in true }, _ body: (JSONText, LooseValue) -> Void
    ) {
        switch value {
        case .text(let text): OktaText(text).forEachMember(isName: isName) { body($0, .text($1)) }
        case .node(let node):
            guard Int(node.pointee.kind) == TRIBUTARY_JSON_OBJECT else {
                if let text = text(node) { OktaText(text).forEachMember(isName: isName) { body($0, .text($1)) } }
                return
            }
            let end = nodes + Int(node.pointee.next)
            var child = node + 1
            while child < end {
                let name = JSONText(
                    start: bytes + Int(child.pointee.key_start),
                    count: Int(child.pointee.key_end - child.pointee.key_start),
                    isEscaped: Int(child.pointee.flags) & TRIBUTARY_JSON_KEY_ESCAPED != 0)
                body(name, .node(child))
                child = nodes + Int(child.pointee.next)
            }
        }
    }

    /// Calls `body` for each element of a list. A single value counts as a list of one.
    @inline(__always)
    func forEachElement(of value: LooseValue, _ body: (LooseValue) -> Void) {
        switch value {
        case .text(let text): OktaText(text).forEachElement { body(.text($0)) }
        case .node(let node):
            if Int(node.pointee.kind) == TRIBUTARY_JSON_ARRAY {
                forEach(node) { body(.node($0)) }
            } else if let text = text(node) {
                OktaText(text).forEachElement { body(.text($0)) }
            } else {
                body(value)
            }
        }
    }

    /// The member of an identity's `detailEntry` with this name. Some exporters write the whole `detailEntry` as text.
    func detail(of identity: Identity, _ key: OktaKey, _ name: StaticString) -> JSONText? {
        guard let details = identity.detailEntry else { return nil }
        if let value = known(child(details, key)) { return value }
        return text(details) == nil ? nil : member(of: .node(details), name).flatMap { scalar($0) }
    }

    /// The value of a node that is a boolean or the text "true" or "false"; nil for any other node.
    func flag(_ node: JSONNode?) -> Bool? {
        if let value = boolean(node) { return value }
        guard let text = text(node) else { return nil }
        return text.equalsIgnoringCase("true") ? true : text.equalsIgnoringCase("false") ? false : nil
    }

    /// The first member of a map that has the given name; nil if there is none.
    func member(of value: LooseValue, _ name: StaticString) -> LooseValue? {
        var found: LooseValue?
        forEachMember(of: value) { if found == nil, $0.equals(name) { found = $1 } }
        return found
    }
}

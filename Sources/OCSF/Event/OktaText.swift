/// A map or a list that Okta prints into a string: `{level=LOW}`, `Risk{level=LOW}`, `level=LOW`, `[a, b]`, or JSON. If the text is JSON, its
/// quotation marks are escaped, because the text is a string of the event's JSON.
///
/// Okta's list of event types calls these values "text" or "json" and promises no particular form. If a text has another form, the parts that can be
/// read are used; such a text is never an error.
struct OktaText {
    private let text: JSONText

    init(_ text: JSONText) { self.text = text }

    // MARK: Maps

    func forEachMember(isName: (JSONText) -> Bool, _ body: (JSONText, JSONText) -> Void) {
        let inside = insideBraces()
        let at = skipBlanks(inside.lowerBound, inside.upperBound)
        if isQuote(at, inside.upperBound) {
            jsonMembers(at, inside.upperBound, body)
        } else {
            javaMembers(at, inside.upperBound, isName, body)
        }
    }

    /// The text between the outer braces, or the whole text if it has none.
    private func insideBraces() -> Range<Int> {
        var first = 0
        while first < text.count, isAlphanumeric(text.start[first]) { first += 1 }
        first = skipBlanks(first, text.count)
        guard first < text.count, text.start[first] == UInt8(ascii: "{") else { return 0..<text.count }
        return first + 1..<lastBracket(UInt8(ascii: "}"), after: first)
    }

    /// The members of a map in Java's form as one text, such as `New Device=POSITIVE, New IP=NEGATIVE`; nil if the text is JSON.
    var membersInJavaForm: JSONText? {
        let inside = insideBraces()
        let first = skipBlanks(inside.lowerBound, inside.upperBound)
        return isQuote(first, inside.upperBound) ? nil : trimmed(first, inside.upperBound)
    }

    /// The offset of the closing bracket if only blanks follow it; otherwise the length of the text.
    private func lastBracket(_ bracket: UInt8, after first: Int) -> Int {
        var last = text.count - 1
        while last > first, text.start[last] == UInt8(ascii: " ") { last -= 1 }
        return last > first && text.start[last] == bracket ? last : text.count
    }

    private func jsonMembers(_ from: Int, _ end: Int, _ body: (JSONText, JSONText) -> Void) {
        var at = from
        while true {
            at = skipBlanks(at, end)
            guard isQuote(at, end) else { return }
            let nameEnd = stringEnd(at + 2, end)
            let name = text.slice(at + 2..<nameEnd)
            at = skipBlanks(min(nameEnd + 2, end), end)
            guard at < end, text.start[at] == UInt8(ascii: ":") else { return }
            at = skipBlanks(at + 1, end)
            let valueEnd = valueEnd(at, end)
            body(name, unquoted(at, valueEnd))
            at = skipBlanks(valueEnd, end)
            guard at < end, text.start[at] == UInt8(ascii: ",") else { return }
            at += 1
        }
    }

    private func javaMembers(
        _ from: Int, _ end: Int, _ isName: (JSONText) -> Bool, _ body: (JSONText, JSONText) -> Void
    ) {
        var name: JSONText?
        var valueStart = from
        var valueEnd = from
        var at = from
        while at < end {
            let pieceEnd = pieceEnd(at, end)
            if let sign = nameEnd(at, pieceEnd), isName(trimmed(at, sign)) {
                if let name { body(name, trimmed(valueStart, valueEnd)) }
                name = trimmed(at, sign)
                valueStart = sign + 1
            }
            valueEnd = pieceEnd
            at = pieceEnd + 1
        }
        if let name { body(name, trimmed(valueStart, valueEnd)) }
    }

    /// The offset of the `=` after a non-empty name; nil if there is no such name.
    private func nameEnd(_ from: Int, _ end: Int) -> Int? {
        var at = from
        while at < end, text.start[at] != UInt8(ascii: "=") { at += 1 }
        return at < end && trimmed(from, at).count > 0 ? at : nil
    }

    // MARK: Lists

    func forEachElement(_ body: (JSONText) -> Void) {
        var at = skipBlanks(0, text.count)
        var end = text.count
        if at < end, text.start[at] == UInt8(ascii: "[") {
            end = lastBracket(UInt8(ascii: "]"), after: at)
            at += 1
        }
        while at < end {
            let pieceEnd = pieceEnd(at, end)
            let piece = trimmed(at, pieceEnd)
            if piece.count > 0 {
                let first = piece.start - text.start
                body(unquoted(first, first + piece.count))
            }
            at = pieceEnd + 1
        }
    }

    // MARK: Characters

    /// The offset of the next comma outside brackets and quoted strings; `end` if there is none.
    private func pieceEnd(_ from: Int, _ end: Int) -> Int {
        var at = from
        while at < end {
            switch text.start[at] {
            case UInt8(ascii: ","): return at
            case UInt8(ascii: "{"), UInt8(ascii: "["): at = closing(at, end).map { $0 + 1 } ?? end
            case UInt8(ascii: "\\"): at = isQuote(at, end) ? min(stringEnd(at + 2, end) + 2, end) : next(at, end)
            default: at += 1
            }
        }
        return end
    }

    private func valueEnd(_ from: Int, _ end: Int) -> Int {
        guard from < end else { return end }
        if isQuote(from, end) { return min(stringEnd(from + 2, end) + 2, end) }
        if text.start[from] == UInt8(ascii: "{") || text.start[from] == UInt8(ascii: "[") {
            return closing(from, end).map { $0 + 1 } ?? end
        }
        return pieceEnd(from, end)
    }

    /// The offset of the bracket that closes the one at `from`. Each byte is read only once.
    private func closing(_ from: Int, _ end: Int) -> Int? {
        var depth = 0
        var at = from
        while at < end {
            switch text.start[at] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return at }
                at += 1
            case UInt8(ascii: "\\"): at = isQuote(at, end) ? min(stringEnd(at + 2, end) + 2, end) : next(at, end)
            default: at += 1
            }
        }
        return nil
    }

    /// The offset of the `\"` that ends a string. A quotation mark inside the string is escaped twice: `\\\"`.
    private func stringEnd(_ from: Int, _ end: Int) -> Int {
        var at = from
        while at < end {
            guard text.start[at] == UInt8(ascii: "\\") else {
                at += 1
                continue
            }
            if isQuote(at, end) { return at }
            let isEscape = at + 1 < end && text.start[at + 1] == UInt8(ascii: "\\")
            at = next(at, end)
            if isEscape, at < end { at = next(at, end) }
        }
        return end
    }

    private func isQuote(_ at: Int, _ end: Int) -> Bool {
        at + 1 < end && text.start[at] == UInt8(ascii: "\\") && text.start[at + 1] == UInt8(ascii: "\"")
    }

    /// The offset after the character at `at`, which may be an escape.
    private func next(_ at: Int, _ end: Int) -> Int {
        guard text.start[at] == UInt8(ascii: "\\"), at + 1 < end else { return at + 1 }
        return min(at + (text.start[at + 1] == UInt8(ascii: "u") ? 6 : 2), end)
    }

    private func skipBlanks(_ from: Int, _ end: Int) -> Int {
        var at = from
        while at < end {
            if text.start[at] == UInt8(ascii: " ") {
                at += 1
            } else if text.start[at] == UInt8(ascii: "\\"), at + 1 < end, isBlankEscape(text.start[at + 1]) {
                at += 2
            } else {
                return at
            }
        }
        return at
    }

    /// True for the letters of the escapes `\n`, `\r` and `\t`.
    private func isBlankEscape(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "n") || byte == UInt8(ascii: "r") || byte == UInt8(ascii: "t")
    }

    private func trimmed(_ from: Int, _ to: Int) -> JSONText {
        var first = from
        var end = to
        while first < end, text.start[first] == UInt8(ascii: " ") { first += 1 }
        while end > first, text.start[end - 1] == UInt8(ascii: " ") { end -= 1 }
        return text.slice(first..<end)
    }

    private func unquoted(_ from: Int, _ to: Int) -> JSONText {
        guard isQuote(from, to) else { return trimmed(from, to) }
        return text.slice(from + 2..<max(from + 2, min(stringEnd(from + 2, to), to)))
    }
}

/// A SCIM filter (RFC 7644 section 3.4.2.2). The simulator supports `and`, `or`, `not (…)`, parentheses, `pr`, and comparisons of an attribute with a
/// quoted string. Everything else is refused, never ignored.
struct SCIMFilter {
    /// The attributes; their names are case-sensitive in Okta.
    static let attributes: Set<String> = [
        "eventType", "severity", "uuid", "displayMessage", "legacyEventType", "outcome.result", "actor.id",
        "actor.alternateId",
    ]

    private static let operators: Set<String> = ["eq", "ne", "sw", "ew", "co", "gt", "ge", "lt", "le", "pr"]

    indirect enum Term {
        case compare(String, String, String)
        case present(String)
        case both(Term, Term)
        case either(Term, Term)
        case not(Term)
    }

    let root: Term

    /// Reads a filter for the log.
    init(_ text: String) throws(OktaError) {
        try self.init(text, attributes: Self.attributes, operators: Self.operators, unsupported: OktaError.badFilter)
    }

    /// Reads a `search` or `filter` for another list, such as that of users. Unsupported expressions get 400 E0000031.
    init(_ text: String, attributes: Set<String>, operators: Set<String>) throws(OktaError) {
        try self.init(text, attributes: attributes, operators: operators) { reason in
            OktaError(status: 400, code: "E0000031", summary: "Invalid search criteria: \(reason)")
        }
    }

    private init(
        _ text: String, attributes: Set<String>, operators: Set<String>,
        unsupported: @escaping (String) -> OktaError
    ) throws(OktaError) {
        var parser = Parser(
            tokens: try Parser.tokens(text), attributes: attributes, operators: operators, unsupported: unsupported)
        root = try parser.either()
        guard parser.isAtEnd else { throw .badFilter("unexpected text after the expression") }
    }

    func matches(ignoringCase: Bool = false, _ value: (String) -> String?) -> Bool {
        let fold: (String) -> String = ignoringCase ? { $0.lowercased() } : { $0 }
        return Self.evaluate(root, fold) { value($0).map(fold) }
    }

    private static func evaluate(
        _ term: Term, _ fold: (String) -> String, _ value: (String) -> String?
    ) -> Bool {
        switch term {
        case .present(let path): value(path) != nil
        case .both(let left, let right): evaluate(left, fold, value) && evaluate(right, fold, value)
        case .either(let left, let right): evaluate(left, fold, value) || evaluate(right, fold, value)
        case .not(let term): !evaluate(term, fold, value)
        case .compare(let path, "ne", let text): value(path) != fold(text)
        case .compare(let path, let word, let text):
            value(path).map { compare($0, word, fold(text)) } ?? false
        }
    }

    private static func compare(_ value: String, _ word: String, _ text: String) -> Bool {
        switch word {
        case "eq": value == text
        case "sw": value.hasPrefix(text)
        case "ew": value.hasSuffix(text)
        case "co": value.contains(text)
        case "gt": value > text
        case "ge": value >= text
        case "lt": value < text
        default: value <= text
        }
    }

    private struct Parser {
        enum Token: Equatable { case open, close, word(String), text(String) }
        var tokens: ArraySlice<Token>
        let attributes: Set<String>
        let operators: Set<String>
        let unsupported: (String) -> OktaError

        init(
            tokens: [Token], attributes: Set<String>, operators: Set<String>,
            unsupported: @escaping (String) -> OktaError
        ) {
            self.tokens = tokens[...]
            self.attributes = attributes
            self.operators = operators
            self.unsupported = unsupported
        }

        var isAtEnd: Bool { tokens.isEmpty }

        static func tokens(_ text: String) throws(OktaError) -> [Token] {
            var out: [Token] = []
            var rest = text[...]
            while let character = rest.first {
                switch character {
                case " ": rest.removeFirst()
                case "(":
                    rest.removeFirst()
                    out.append(.open)
                case ")":
                    rest.removeFirst()
                    out.append(.close)
                case "[", "]": throw .badFilter("'\(character)' is not supported")
                case "\"":
                    rest.removeFirst()
                    var value = ""
                    while let next = rest.first, next != "\"" {
                        rest.removeFirst()
                        if next == "\\", let escaped = rest.popFirst() {
                            value.append(escaped)
                        } else {
                            value.append(next)
                        }
                    }
                    guard rest.popFirst() != nil else { throw .badFilter("a string without its closing quote") }
                    out.append(.text(value))
                default:
                    let word = rest.prefix { !" ()\"[]".contains($0) }
                    rest.removeFirst(word.count)
                    out.append(.word(String(word)))
                }
            }
            return out
        }

        private mutating func takes(_ word: String) -> Bool {
            guard case .word(let next)? = tokens.first, next.lowercased() == word else { return false }
            tokens.removeFirst()
            return true
        }

        mutating func either() throws(OktaError) -> Term {
            var left = try both()
            while takes("or") { left = .either(left, try both()) }
            return left
        }

        private mutating func both() throws(OktaError) -> Term {
            var left = try single()
            while takes("and") { left = .both(left, try single()) }
            return left
        }

        private mutating func single() throws(OktaError) -> Term {
            if takes("not") {
                guard tokens.first == .open else { throw .badFilter("'not' without parentheses") }
                return .not(try single())
            }
            switch tokens.popFirst() {
            case .open?:
                let inner = try either()
                guard tokens.popFirst() == .close else { throw .badFilter("a parenthesis is not closed") }
                return inner
            case .word(let path)?: return try comparison(path)
            default: throw .badFilter("an attribute is missing")
            }
        }

        private mutating func comparison(_ path: String) throws(OktaError) -> Term {
            guard case .word(let written)? = tokens.popFirst() else {
                throw .badFilter("an operator is missing after \(path)")
            }
            let word = written.lowercased()
            guard operators.contains(word) else { throw unsupported("unknown operator \(written)") }
            if word == "co", path == "debugContext.debugData.url" || path == "debugContext.debugData.requestUri" {
                throw OktaError(
                    status: 400, code: "E0000031", summary: "Invalid search criteria: \(path) does not support co")
            }
            guard attributes.contains(path) else { throw unsupported("unsupported attribute \(path)") }
            if word == "pr" { return .present(path) }
            guard case .text(let value)? = tokens.popFirst() else {
                throw .badFilter("a quoted value is missing after \(word)")
            }
            return .compare(path, word, value)
        }
    }
}

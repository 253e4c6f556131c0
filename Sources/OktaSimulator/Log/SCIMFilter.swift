/// The part of SCIM filters (RFC 7644 section 3.4.2.2) that the simulator evaluates: comparisons of the attributes below with a
/// quoted string, `pr`, `and`, `or`, `not (…)` and parentheses. Anything else is refused, never ignored.
struct SCIMFilter {
    /// Attribute names are case-sensitive at Okta.
    static let attributes: Set<String> = [
        "eventType", "severity", "uuid", "displayMessage", "legacyEventType", "outcome.result", "actor.id",
        "actor.alternateId",
    ]

    indirect enum Term {
        case compare(String, String, String)
        case present(String)
        case both(Term, Term)
        case either(Term, Term)
        case not(Term)
    }

    let root: Term

    init(_ text: String) throws(OktaError) {
        var parser = Parser(tokens: try Parser.tokens(text))
        root = try parser.either()
        guard parser.isAtEnd else { throw .badFilter("unexpected text after the expression") }
    }

    func matches(_ value: (String) -> String?) -> Bool {
        Self.evaluate(root, value)
    }

    private static func evaluate(_ term: Term, _ value: (String) -> String?) -> Bool {
        switch term {
        case .present(let path): value(path) != nil
        case .both(let left, let right): evaluate(left, value) && evaluate(right, value)
        case .either(let left, let right): evaluate(left, value) || evaluate(right, value)
        case .not(let term): !evaluate(term, value)
        case .compare(let path, "ne", let text): value(path) != text
        case .compare(let path, let word, let text):
            value(path).map { compare($0, word, text) } ?? false
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

        init(tokens: [Token]) { self.tokens = tokens[...] }

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
            guard ["eq", "ne", "sw", "ew", "co", "gt", "ge", "lt", "le", "pr"].contains(word) else {
                throw .badFilter("unknown operator \(written)")
            }
            if word == "co", path == "debugContext.debugData.url" || path == "debugContext.debugData.requestUri" {
                throw OktaError(
                    status: 400, code: "E0000031", summary: "Invalid search criteria: \(path) does not support co")
            }
            guard SCIMFilter.attributes.contains(path) else { throw .badFilter("unsupported attribute \(path)") }
            if word == "pr" { return .present(path) }
            guard case .text(let value)? = tokens.popFirst() else {
                throw .badFilter("a quoted value is missing after \(word)")
            }
            return .compare(path, word, value)
        }
    }
}

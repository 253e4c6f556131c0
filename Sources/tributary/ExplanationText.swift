import FoundationEssentials
import OCSF

/// The lines that `normalize --explain` prints: for each attribute that a rule decided, its path, its value in the record, and the rule.
enum ExplanationText {
    static func lines(record: [UInt8], _ explanations: [Explanation]) -> String {
        let parsed = try? JSONDecoder().decode(Value.self, from: Data(record))
        func text(_ path: String) -> String { parsed?.value(at: path)?.text ?? "-" }
        var lines = "\(text("metadata.event_code")) \(text("metadata.uid")): \(text("type_name"))\n"
        let width = explanations.map(\.attribute.count).max() ?? 0
        for explanation in explanations {
            let attribute = explanation.attribute
            let padding = String(repeating: " ", count: width - attribute.count)
            lines += "  \(attribute)\(padding)  \(text(attribute)): \(explanation.reason)\n"
        }
        return lines
    }

    /// A value in a record.
    private enum Value: Codable {
        case text(String)
        case integer(Int64)
        case number(Double)
        case flag(Bool)
        case list([Value])
        case object([String: Value])
        case null

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let integer = try? container.decode(Int64.self) {
                self = .integer(integer)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let list = try? container.decode([Value].self) {
                self = .list(list)
            } else {
                self = .object(try container.decode([String: Value].self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .integer(let integer): try container.encode(integer)
            case .number(let number): try container.encode(number)
            case .flag(let flag): try container.encode(flag)
            case .list(let list): try container.encode(list)
            case .object(let object): try container.encode(object)
            case .null: try container.encodeNil()
            }
        }

        /// The value at a path; nil if there is none. `[]` after a name means the first element.
        func value(at path: String) -> Value? {
            var at: Value? = self
            for part in path.split(separator: ".") {
                let isList = part.hasSuffix("[]")
                guard case .object(let members) = at else { return nil }
                at = members[String(isList ? part.dropLast(2) : part)]
                if isList, case .list(let list) = at { at = list.first }
            }
            return at
        }

        /// A string without quotes; any other value as JSON; nil for null.
        var text: String? {
            if case .text(let text) = self { return text }
            if case .null = self { return nil }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
        }
    }
}

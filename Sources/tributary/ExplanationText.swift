import Foundation
import OCSF

/// The lines of `normalize --explain`: for each decision the attribute, its value in the record, and the rule.
enum ExplanationText {
    static func lines(record: [UInt8], _ explanations: [Explanation]) -> String {
        let parsed = try? JSONSerialization.jsonObject(with: Data(record))
        func text(_ path: String) -> String { parsed.flatMap { value(at: path, in: $0) } ?? "-" }
        var lines = "\(text("metadata.event_code")) \(text("metadata.uid")): \(text("type_name"))\n"
        let width = explanations.map(\.attribute.count).max() ?? 0
        for explanation in explanations {
            let attribute = explanation.attribute.padding(toLength: width, withPad: " ", startingAt: 0)
            lines += "  \(attribute)  \(text(explanation.attribute)): \(explanation.reason)\n"
        }
        return lines
    }

    /// A scalar as it stands, an object or a list by its JSON; nil where the record has nothing.
    private static func value(at path: String, in record: Any) -> String? {
        var at: Any? = record
        for part in path.split(separator: ".") {
            at = (at as? [String: Any])?[String(part.replacing("[]", with: ""))]
            if let list = at as? [Any], part.hasSuffix("[]") { at = list.first }
        }
        switch at {
        case let text as String: return text
        case let object? where JSONSerialization.isValidJSONObject(object):
            return
                (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes]))
                .map { String(decoding: $0, as: UTF8.self) }
        case let number as NSNumber:
            return "\(number)"
        default: return nil
        }
    }
}

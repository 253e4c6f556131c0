/// What a partition holds: records, or events that could not become records.
package enum PartitionKind: UInt8, Sendable {
    case records = 0
    /// Stored under `_rejected/`, which loaders skip.
    case rejected = 1
}

/// A Hive-style path below an integration's directory, such as `class=authentication/date=2026-11-23`: at most 4 `key=value` components of ASCII
/// letters, digits, `.`, `-` and `_`, together at most 200 bytes. Two paths with the same text are unequal if their schemas differ, so that a
/// segment never has records of two schemas.
struct PartitionPath: Hashable {
    /// The schema of records for which the journal names no schema.
    static let firstSchema = "ocsf/1.8.0"

    let kind: PartitionKind
    let text: String
    /// The schema of the records in the form that the manifest has, such as `ocsf/1.8.0`.
    let schema: String

    init(_ text: String, kind: PartitionKind, schema: String) throws(SpoolError) {
        guard text.utf8.count <= 200 else { throw .invalidName(text, reason: "it is longer than 200 bytes") }
        let components = text.split(separator: "/", omittingEmptySubsequences: false)
        guard components.count <= 4 else { throw .invalidName(text, reason: "it has more than 4 components") }
        for component in components {
            let sides = component.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, sides.allSatisfy({ Self.isPlain($0) }) else {
                throw .invalidName(text, reason: "expected key=value components of letters, digits, '.', '-' and '_'")
            }
        }
        self.kind = kind
        self.text = text
        self.schema = schema
    }

    /// The form used in a journal's frame: the path, a semicolon and the schema. For the first schema, only the path. So journals from before the
    /// second schema stay readable, and older programs can read journals that have only the first schema.
    var stored: String { schema == Self.firstSchema ? text : "\(text);\(schema)" }

    init(stored: String, kind: PartitionKind) throws(SpoolError) {
        let parts = stored.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        try self.init(String(parts[0]), kind: kind, schema: parts.count > 1 ? String(parts[1]) : Self.firstSchema)
    }

    /// Relative to the spool's directory, without the file name.
    func directory(integration: String) -> String {
        (kind == .rejected ? "_rejected/" : "") + "integration=\(integration)/" + text
    }

    /// The keys and values, in order.
    var keys: [(String, String)] {
        text.split(separator: "/").map { component in
            let sides = component.split(separator: "=")
            return (String(sides[0]), String(sides[1]))
        }
    }

    /// Checks a name that becomes a directory: 1 to 100 letters, digits, `.`, `-`, `_`, starting with a letter or a digit.
    static func checkIntegration(_ name: String) throws(SpoolError) {
        guard isPlain(name), name.utf8.count <= 100 else {
            throw .invalidName(
                name, reason: "expected up to 100 letters, digits, '.', '-' and '_', beginning with a letter or a digit"
            )
        }
    }

    private static func isPlain(_ text: some StringProtocol) -> Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        guard let first = text.utf8.first, isLetterOrDigit(first) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 45 || $0 == 46 || $0 == 95 }
    }
}

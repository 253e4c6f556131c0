import Configuration

/// The content of an item of `integrations`: the text of each key, by the key's path below the item, such as `url` or `data_ingest.start`.
///
/// Every key of an integration can be set; a new key needs no code here.
package struct IntegrationRecord: Sendable, Equatable {
    /// The two purposes of an integration, named after their sections.
    package enum Kind: String, Sendable, CaseIterable, Codable {
        case dataIngest = "data_ingest"
        case responseAction = "response_action"

        /// The purpose as text for a person, such as `data ingest`.
        package var words: String { rawValue.replacing("_", with: " ") }
        /// The key whose presence gives an integration this purpose.
        package var credential: String { "\(rawValue).credential" }
    }

    package let name: Name
    private var texts: [String: String] = [:]

    private static let prefix = "integrations[]."

    /// The paths of all keys except the name, in the order in which they are written.
    package static let keys: [String] = Configuration.keys.map(\.path).filter { $0.hasPrefix(prefix) }.map {
        String($0.dropFirst(prefix.count))
    }.filter { $0 != "name" }

    package init(name: Name) { self.name = name }

    /// Creates the record of an integration in the configuration. Keys that are not set get their defaults.
    package init(_ integration: Configuration.Integration) {
        name = integration.settings.name
        let all =
            integration.settings.texts + (integration.dataIngest?.settings.texts ?? [])
            + (integration.responseAction?.settings.texts ?? [])
        for (key, text) in all { texts[String(key.path.dropFirst(Self.prefix.count))] = text }
        texts["name"] = nil
    }

    /// The text of a key; nil if it is not set.
    package subscript(path: String) -> String? { texts[path] }

    /// Sets a key, or removes it.
    ///
    /// - Throws: if the text is not valid for the key; the error says what to write instead.
    package mutating func set(_ path: String, to text: String?) throws(ValueError) {
        guard let text else {
            texts[path] = nil
            return
        }
        guard path != "description" || !LiteralSecret.mayBePresent(in: text) else {
            throw ValueError(
                "the description looks like a secret, so it was not saved and is not repeated here",
                hint: "write it in other words")
        }
        let normalized = try Configuration.normalized(text, for: Self.prefix + path)
        texts[path] = normalized.isEmpty ? nil : normalized
    }

    package func has(_ kind: Kind) -> Bool { texts[kind.credential] != nil }

    /// The purposes; a record that can be saved has at least one.
    package var kinds: [Kind] { Kind.allCases.filter(has) }

    /// Removes a purpose and all of its keys.
    package mutating func remove(_ kind: Kind) {
        texts = texts.filter { !$0.key.hasPrefix("\(kind.rawValue).") }
    }

    /// Whether an integration of the configuration has the same values as this record. A key that the record does not set must have its default in
    /// the integration.
    func agrees(with integration: Configuration.Integration) -> Bool {
        let other = IntegrationRecord(integration)
        return Self.keys.allSatisfy { path in
            other[path] == self[path] || (self[path] == nil && other[path] == Self.standard(path))
        }
    }

    private static func standard(_ path: String) -> String? {
        for key in Configuration.keys where key.path == prefix + path {
            if case .value(let text) = key.fallback { return try? Configuration.normalized(text, for: key.path) }
        }
        return nil
    }

    // MARK: The separate file

    /// The name of the file in `conf.d`.
    package var fileName: String { "\(name).yaml" }

    static let mark = "# Made by `tributary integration add`."

    /// The file's text: one item with the keys that are set.
    package var yaml: String {
        var lines = [
            "\(Self.mark) Change it here and run `systemctl reload tributary`, or use `tributary integration edit \(name)`.",
            "integrations:", "  - name: \(YAMLScalar.text(name.text))",
        ]
        var section = ""
        for path in Self.keys {
            guard let text = texts[path] else { continue }
            let parts = path.split(separator: ".").map(String.init)
            if parts.count == 2, parts[0] != section {
                section = parts[0]
                lines.append("    \(section):")
            }
            let indent = parts.count == 2 ? "      " : "    "
            lines.append("\(indent)\(parts[parts.count - 1]): \(YAMLScalar.text(text))")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The merged content of the files, checked against the known keys, but not converted to values yet.
struct Settings {
    struct Entry {
        var key: YAMLKey
        var node: YAMLNode
    }

    /// The place of the mapping. For a list item, the place of its first key, or of its `{` if it is written in braces.
    var place: ConfigurationPlace
    /// The values of keys, by the full path of each key.
    var values: [String: Entry] = [:]
    /// The place at which each section begins, by the path of the section.
    var sections: [String: ConfigurationPlace] = [:]
    /// Keys whose value is a secret, and sections that are not mappings. These mistakes are already reported. These keys, and the keys inside these
    /// sections, are therefore not reported as missing.
    private var refused: Set<String> = []
    /// Known top-level keys that an unknown key resembles.
    private var nearlyNamed: Set<String> = []
    /// True if an unknown top-level key resembles no known key.
    private var hasStrangeKey = false
    /// For a list item: the problems that were found in the item before its values were read.
    var found = Findings()
    /// The items of lists of mappings, by the list's path (`credentials[]`).
    var items: [String: [Settings]] = [:]

    init(place: ConfigurationPlace) { self.place = place }

    /// Adds a mapping: known keys are kept, everything else is reported.
    mutating func add(
        _ pairs: [(key: YAMLKey, value: YAMLNode)], parent: String = "", tree: KeyTree = .shared,
        into findings: inout Findings
    ) {
        for (key, node) in pairs {
            let path = parent.isEmpty ? key.text : "\(parent).\(key.text)"
            switch tree.entry(key.text, in: parent) {
            case .key(let description):
                guard !Self.holdsSecret(node, key: description.path, into: &findings) else {
                    refused.insert(description.path)
                    continue
                }
                if let earlier = values[path] {
                    findings.error(
                        at: key.place, key: path, "“\(path)” is already set at \(earlier.key.place)",
                        hint: "keep only one of the two: a file in conf.d does not override another file")
                } else {
                    values[path] = Entry(key: key, node: node)
                }
            case .section:
                if sections[path] == nil { sections[path] = key.place }
                switch node.value {
                case .null: break
                case .mapping(let inner): add(inner, parent: path, tree: tree, into: &findings)
                case .scalar, .sequence:
                    refused.insert(path)
                    wrongSection(key, node, path, expects: "keys, indented below it", into: &findings)
                }
            case .sections: addItems(key, node, path: path + "[]", tree: tree, into: &findings)
            case nil: unknown(key, node, parent: parent, tree: tree, into: &findings)
            }
        }
    }

    private mutating func addItems(
        _ key: YAMLKey, _ node: YAMLNode, path: String, tree: KeyTree, into findings: inout Findings
    ) {
        switch node.value {
        case .null: break
        case .sequence(let nodes):
            for item in nodes {
                if case .mapping(let pairs) = item.value {
                    var settings = Settings(place: item.place)
                    var found = Findings()
                    settings.add(pairs, parent: path, tree: tree, into: &found)
                    settings.found = found
                    items[path, default: []].append(settings)
                } else if !Self.holdsSecret(item, key: path, into: &findings) {
                    findings.error(
                        at: item.place, key: path,
                        "“\(key.text)” expects a list of mappings, but this item is \(item.kind)",
                        hint: "write “- name: …”, with the item's other keys below")
                }
            }
        case .mapping, .scalar:
            wrongSection(
                key, node, path, expects: "a list: items that begin with “- name: …”", into: &findings)
        }
    }

    private func wrongSection(
        _ key: YAMLKey, _ node: YAMLNode, _ path: String, expects: String, into findings: inout Findings
    ) {
        guard !Self.holdsSecret(node, key: path, into: &findings) else { return }
        findings.error(at: node.place, key: path, "“\(key.text)” expects \(expects), but this is \(node.kind)")
    }

    private mutating func unknown(
        _ key: YAMLKey, _ node: YAMLNode, parent: String, tree: KeyTree, into findings: inout Findings
    ) {
        let shown = LiteralSecret.quoted(key.text)
        if parent.isEmpty {
            let near = NearestName.of(key.text, among: Self.topLevelKeys.sorted())
            if let near { nearlyNamed.insert(near) } else { hasStrangeKey = true }
        }
        if LiteralSecret.keys.contains(key.text.lowercased().replacing("-", with: "_"))
            || LiteralSecret.isPresent(in: key.text)
        {
            findings.error(
                at: key.place, key: parent, "a secret does not belong in the configuration",
                hint:
                    "store the secret in a separate file, and set secret_file to its path; others may have read the secret here, so revoke it in Okta"
            )
            return
        }
        if Self.holdsSecret(node, key: parent, into: &findings) { return }
        findings.error(
            at: key.place, key: parent,
            "unknown key \(shown)"
                + (parent.isEmpty ? "" : " in “\(parent.replacing("[]", with: ""))”"),
            hint: tree.suggestion(for: key.text, in: parent))
    }

    /// The values of these keys are names made by a machine, so they may look random.
    private static let identifierKeys: Set<String> = ["credentials[].client_id", "credentials[].key_id"]

    /// The values of these keys are names chosen by a person, such as `00org-read`. A token contains capitals, but such a name never does.
    private static let nameKeys: Set<String> = [
        "credentials[].name", "integrations[].name", "integrations[].data_ingest.credential",
        "integrations[].response_action.credential", "fleet.name", "fleet.host",
    ]

    /// Reports each text in the node that looks like a secret. The messages don't contain the text.
    private static func holdsSecret(_ node: YAMLNode, key: String, into findings: inout Findings) -> Bool {
        switch node.value {
        case .null: return false
        case .scalar(let text):
            // A directory may have a random name, so random words in a path are accepted here. `ValueKind.path` checks the parts of the path later.
            let isNamed =
                identifierKeys.contains(key) || text.hasPrefix("/")
                || (nameKeys.contains(key) && (try? Name(parsing: text)) != nil)
            guard LiteralSecret.isPresent(in: text, identifiers: isNamed) else { return false }
            findings.error(
                at: node.place, key: key, "this value looks like a secret",
                hint:
                    "store the secret in a separate file, and set secret_file to its path; others may have read the secret here, so revoke it in Okta"
            )
            return true
        case .sequence(let items):
            return items.reduce(false) { found, item in holdsSecret(item, key: key, into: &findings) || found }
        case .mapping(let pairs):
            return pairs.reduce(false) { found, pair in holdsSecret(pair.value, key: key, into: &findings) || found }
        }
    }

    /// The names of all keys at the top of a file.
    static var topLevelKeys: Set<String> { Set((KeyTree.shared.entries[""] ?? [:]).keys) }

    /// The known top-level keys whose names may be mistyped in the files: those that an unknown key resembles. If an unknown key resembles no known
    /// key, all known keys that are not set are included.
    var mistaken: Set<String> {
        hasStrangeKey ? nearlyNamed.union(Self.topLevelKeys.filter { !isSet($0) }) : nearlyNamed
    }

    /// Whether a top-level key is set in one of the files.
    func isSet(_ name: String) -> Bool {
        values[name] != nil || sections[name] != nil || items["\(name)[]"] != nil
    }

    // MARK: Reading values

    /// The key's value, or its literal default if the key is not set; nil if there is neither. A value that can't be parsed is reported, and nil is
    /// returned.
    func value<Value>(
        _ key: KeyDescription, _ kind: ValueKind<Value>, into findings: inout Findings
    ) -> Value? {
        guard let entry = values[key.path], let text = scalar(entry, key, into: &findings) else {
            // A value of the wrong type has already been reported. The default then only prevents follow-up errors.
            return fallback(key, kind, into: &findings)
        }
        do {
            return try parse(text, key, kind)
        } catch {
            findings.error(
                at: entry.node.place, key: key.path, "“\(entry.key.text)”: \(error.message)", hint: error.hint)
            return nil
        }
    }

    /// Parses a value. A secret's file may have the same name as its credential. Such a name is accepted even if it looks like a pasted secret.
    private func parse<Value>(
        _ text: String, _ key: KeyDescription, _ kind: ValueKind<Value>
    ) throws(ValueError) -> Value {
        guard key.path == "credentials[].secret_file", text.hasPrefix("/"),
            case .scalar(let own)? = values["credentials[].name"]?.node.value, let name = try? Name(parsing: own),
            text.hasSuffix("/\(name)")
        else { return try kind.parse(text) }
        let directory = try kind.parse(String(text.dropLast(name.text.count)))
        guard let parsed = directory as? String, let path = (parsed == "/" ? "/\(name)" : "\(parsed)/\(name)") as? Value
        else { return try kind.parse(text) }
        return path
    }

    /// The valid items of a list. Invalid items are reported.
    func list<Value>(
        _ key: KeyDescription, _ kind: ValueKind<Value>, into findings: inout Findings
    ) -> [(Value, ConfigurationPlace)] {
        guard let entry = values[key.path] else { return [] }
        guard case .sequence(let nodes) = entry.node.value else {
            if case .null = entry.node.value { return [] }
            findings.error(
                at: entry.node.place, key: key.path,
                "“\(entry.key.text)” expects a list, but this is \(entry.node.kind)",
                hint: "write the list in brackets, [A, B], or as lines that begin with “- ”")
            return []
        }
        var read: [(Value, ConfigurationPlace)] = []
        for node in nodes {
            guard case .scalar(let text) = node.value else {
                findings.error(
                    at: node.place, key: key.path,
                    "“\(entry.key.text)” expects a list in which each item is \(key.valueKind), but this item is \(node.kind)"
                )
                continue
            }
            do {
                read.append((try kind.parse(text), node.place))
            } catch {
                findings.error(at: node.place, key: key.path, "“\(entry.key.text)”: \(error.message)", hint: error.hint)
            }
        }
        return read
    }

    /// The place of a key's value. If the key is not set, the place of the mapping to which the key belongs.
    func place(of path: String) -> ConfigurationPlace { values[path]?.node.place ?? place }

    private func scalar(
        _ entry: Entry, _ description: KeyDescription, into findings: inout Findings
    ) -> String? {
        switch entry.node.value {
        case .null: return nil
        case .scalar(let text): return text
        case .sequence, .mapping:
            findings.error(
                at: entry.node.place, key: description.path,
                "“\(entry.key.text)” expects \(description.valueKind), but this is \(entry.node.kind)")
            return nil
        }
    }

    private func fallback<Value>(
        _ key: KeyDescription, _ kind: ValueKind<Value>, into findings: inout Findings
    ) -> Value? {
        switch key.fallback {
        case .none, .described, .environment: return nil
        case .value(let text): return try? kind.parse(text)
        case .required:
            if case .sequence? = values[key.path]?.node.value { return nil }
            if case .mapping? = values[key.path]?.node.value { return nil }
            let parts = key.path.split(separator: ".").dropLast().joined(separator: ".")
            if refused.contains(parts) || refused.contains(key.path) { return nil }
            findings.error(
                at: values[key.path]?.key.place ?? sections[parts] ?? place, key: key.path,
                "“\(key.name)” is missing in “\(parts.replacing("[]", with: ""))”",
                hint: "add the key. \(key.explanation)")
            return nil
        }
    }
}

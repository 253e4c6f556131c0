import Yams

/// Reads one configuration file's text into nodes with places; the only file that knows the YAML library.
enum YAMLDocument {
    enum Content {
        case mapping([(key: YAMLKey, value: YAMLNode)])
        /// Nothing but white space and comments.
        case empty
        /// Problems were reported.
        case unreadable
    }

    /// Nodes of one file, aliases expanded. A thousand integrations have some 20,000.
    static let maximumNodes = 200_000
    /// The deepest place a key has is five.
    static let maximumDepth = 32

    static func read(_ bytes: [UInt8], file: String, into findings: inout Findings) -> Content {
        guard let text = YAMLText.decode(bytes, file: file, into: &findings) else { return .unreadable }
        let root: Node?
        do {
            root = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch {
            report(error, text: text, file: file, into: &findings)
            return .unreadable
        }
        guard let root else { return .empty }
        var converter = Converter(file: file)
        let node = converter.convert(root, depth: 0, into: &findings)
        switch node?.value {
        case .mapping(let pairs): return .mapping(pairs)
        case .null: return .empty
        case nil: return .unreadable
        case .scalar, .sequence:
            findings.error(
                at: node?.place ?? ConfigurationPlace(file: file),
                "the file holds \(node?.kind ?? "something else") where keys are expected",
                hint: "write keys with values, such as “state_directory: /var/lib/tributary”")
            return .unreadable
        }
    }

    // MARK: From the library's nodes

    private struct Converter {
        let file: String
        var budget = YAMLDocument.maximumNodes
        /// A bound was exceeded and reported; nothing of the file is used.
        var isExhausted = false

        init(file: String) { self.file = file }

        /// Nil when the node can't be used; the reason is in the findings.
        mutating func convert(_ node: Node, depth: Int, into findings: inout Findings) -> YAMLNode? {
            let place = place(node.mark)
            guard !isExhausted else { return nil }
            budget -= 1
            if budget < 0 {
                isExhausted = true
                findings.error(
                    at: place, "more than \(YAMLDocument.maximumNodes) values, aliases expanded",
                    hint: "write values out instead of using aliases of aliases")
                return nil
            }
            if depth > YAMLDocument.maximumDepth {
                isExhausted = true
                findings.error(at: place, "nested too deeply", hint: "no key needs more than five levels")
                return nil
            }
            switch node {
            case .scalar(let scalar):
                return value(scalar, place, into: &findings).map { YAMLNode(place: place, value: $0) }
            case .sequence(let sequence):
                var items: [YAMLNode] = []
                for item in sequence {
                    if let item = convert(item, depth: depth + 1, into: &findings) { items.append(item) }
                }
                return isExhausted ? nil : YAMLNode(place: place, value: .sequence(items))
            case .mapping(let mapping):
                var pairs: [(key: YAMLKey, value: YAMLNode)] = []
                for (key, value) in mapping {
                    guard case .scalar(let scalar) = key else {
                        findings.error(
                            at: self.place(key.mark), "a list or mapping in the place of a key",
                            hint: "a key is a plain word; check the brackets and the indentation")
                        continue
                    }
                    guard let value = convert(value, depth: depth + 1, into: &findings) else { continue }
                    pairs.append((YAMLKey(text: scalar.string, place: self.place(key.mark)), value))
                }
                return isExhausted ? nil : YAMLNode(place: place, value: .mapping(pairs))
            case .alias:
                findings.error(at: place, "an alias that can't be resolved", hint: "write the value out")
                return nil
            }
        }

        private func value(
            _ scalar: Node.Scalar, _ place: ConfigurationPlace, into findings: inout Findings
        ) -> YAMLNode.Value? {
            let tag = scalar.tag.description
            if !tag.isEmpty && tag != "tag:yaml.org,2002:str" && tag != "!" {
                findings.error(
                    at: place, "the tag \(LiteralSecret.quoted(tag)) has no meaning here",
                    hint: "write the value without a tag (a word that begins with !), or put it into quotes")
                return nil
            }
            let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return isNull ? .null : .scalar(scalar.string)
        }

        private func place(_ mark: Mark?) -> ConfigurationPlace {
            ConfigurationPlace(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1)
        }
    }

    // MARK: From the library's errors

    private static func report(_ error: any Error, text: String, file: String, into findings: inout Findings) {
        func place(_ mark: Mark) -> ConfigurationPlace {
            ConfigurationPlace(file: file, line: mark.line, column: mark.column)
        }
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let explained = YAMLSyntaxProblem(
                problem: problem, context: context?.text, contextLine: context?.mark.line,
                isAtTab: isTab(at: mark, in: text))
            findings.error(at: place(mark), explained.message, hint: explained.hint)
        case .duplicatedKeysInMapping(let names, let context):
            let first = place(context.mark)
            for name in names.prefix(1) {
                let second = repetition(of: name, after: first, in: text)
                findings.error(
                    at: second ?? first, key: "",
                    "the key \(LiteralSecret.quoted(name)) is written twice"
                        + (second == nil ? "" : ", first in line \(first.line)"),
                    hint: "keep one of them")
            }
        default:
            findings.error(
                at: ConfigurationPlace(file: file), "the file can't be read as YAML",
                hint: "check that it is a text file in UTF-8")
        }
    }

    private static func isTab(at mark: Mark, in text: String) -> Bool {
        let lines = text.split(separator: "\n", maxSplits: mark.line, omittingEmptySubsequences: false)
        guard mark.line >= 1, mark.line <= lines.count, mark.column >= 1 else { return false }
        let line = lines[mark.line - 1]
        return line.unicodeScalars.dropFirst(mark.column - 1).first == "\t"
            || line.unicodeScalars.prefix { $0 == " " || $0 == "\t" }.contains("\t")
    }

    /// The library names one place of a doubled key; the other is found as the next line of the same mapping that
    /// begins with the key in the same column.
    private static func repetition(
        of name: String, after first: ConfigurationPlace, in text: String
    ) -> ConfigurationPlace? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard first.line >= 1, first.line < lines.count else { return nil }
        for (index, line) in lines.enumerated().dropFirst(first.line) {
            let indent = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indent)
            if content.isEmpty || content.hasPrefix("#") { continue }
            if indent < first.column - 1 { return nil }
            if indent == first.column - 1, content.hasPrefix(name + ":") {
                return ConfigurationPlace(file: first.file, line: index + 1, column: first.column)
            }
        }
        return nil
    }
}

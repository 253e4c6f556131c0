import Configuration

/// The content of a destination, as `destination add` and `destination edit` write it: each key with its value or its list of values.
///
/// Every key of a destination can be set; a new key needs no code here.
package struct DestinationRecord: Sendable, Equatable {
    package let name: Name
    /// Values by the key's name. An empty list removes a key.
    package private(set) var values: [String: [String]] = [:]

    private static let prefix = "destinations[]."

    /// All keys except the name, in the order in which they are written.
    private static let keys: [KeyDescription] = Configuration.keys.filter {
        $0.path.hasPrefix(prefix) && $0.name != "name"
    }

    package init(name: Name) { self.name = name }

    /// Sets a key, or removes it if there are no values.
    ///
    /// - Throws: if a value is not valid for the key; the error says what to write instead.
    package mutating func set(_ key: String, to texts: [String]) throws(ValueError) {
        guard key != "description" || !texts.contains(where: LiteralSecret.mayBePresent) else {
            throw ValueError(
                "the description looks like a secret, so it was not saved and is not repeated here",
                hint: "write it in other words")
        }
        var normalized: [String] = []
        for text in texts { normalized.append(try Configuration.normalized(text, for: Self.prefix + key)) }
        values[key] = normalized
    }

    /// The keys that were set or removed, each with the text to write in a file; the text is nil for a removed key.
    fileprivate var lines: [(key: String, value: String?)] {
        Self.keys.compactMap { key in
            guard let texts = values[key.name] else { return nil }
            guard let first = texts.first else { return (key.name, nil) }
            return (key.name, key.isList ? YAMLScalar.list(texts) : Self.scalar(first))
        }
    }

    /// Quotes a text of exactly twelve digits, such as an AWS account, because other YAML readers would read it as a number.
    private static func scalar(_ text: String) -> String {
        text.count == 12 && text.allSatisfy(\.isNumber) ? YAMLScalar.quoted(text) : YAMLScalar.text(text)
    }

    // MARK: The separate file

    /// The name of the file in `conf.d`.
    package var fileName: String { "destination-\(name).yaml" }

    static let mark = "# Made by `tributary destination add`."

    /// The file's text: one item with the keys that are set.
    package var yaml: String {
        let head =
            "\(Self.mark) Change it with `tributary destination edit \(name)`, or here (then run `tributary check`)."
        let keys = lines.compactMap { line in line.value.map { "    \(line.key): \($0)" } }
        return ([head, "destinations:", "  - name: \(YAMLScalar.text(name.text))"] + keys).joined(separator: "\n")
            + "\n"
    }
}

/// Changes and removes destinations in the files that declare them.
extension ConfigurationEdit {
    /// Changes a destination to `new`. Lines that do not change stay as they are, including comments.
    ///
    /// - Parameters:
    ///   - present: the configuration that is in the files now.
    ///   - context: the context in which the changed configuration is loaded.
    /// - Returns: the configuration after the change.
    /// - Throws: ``HandEdit`` if the destination can't be changed safely, or `ConfigurationError` with the mistakes that the change would cause.
    package mutating func change(
        to new: DestinationRecord, present: Configuration, _ context: ConfigurationContext
    ) throws -> Configuration {
        let (place, problem) = try placeOfDestination(new.name)
        guard var lines = source(place.file)?.lines, let item = lines.block(line: place.line, column: place.column)
        else { throw problem }
        for (key, value) in new.lines {
            guard let value else {
                lines.remove(key, in: item)
                continue
            }
            guard lines.set(key, value, in: item, after: "name") else { throw problem }
        }
        put(lines.text, into: place.file)
        let result = try load(context)
        let name = new.name.text
        guard ConfigurationChange(from: present, to: result).isEmpty,
            result.destinations.map(\.name) == present.destinations.map(\.name),
            result.destinations.filter({ $0.name.text != name })
                == present.destinations.filter({ $0.name.text != name })
        else { throw problem }
        return result
    }

    /// Removes a destination. A separate file that `destination add` made for it is removed, too.
    ///
    /// - Returns: the configuration after the change.
    /// - Throws: like ``change(to:present:_:)``.
    package mutating func removeDestination(
        _ name: Name, present: Configuration, _ context: ConfigurationContext
    ) throws -> Configuration {
        let (place, problem) = try placeOfDestination(name)
        guard let source = source(place.file), var lines = source.lines else { throw problem }
        if lines.text.hasPrefix(DestinationRecord.mark), source.itemCount(of: "destinations") == 1 {
            remove(place.file)
        } else {
            guard let item = lines.block(line: place.line, column: place.column) else { throw problem }
            lines.removeItem(item)
            put(lines.text, into: place.file)
        }
        let result = try load(context)
        guard ConfigurationChange(from: present, to: result).isLimited(to: "destinations"),
            result.destinations == present.destinations.filter({ $0.name != name })
        else { throw problem }
        return result
    }

    private func placeOfDestination(_ name: Name) throws(ValueError) -> (ConfigurationPlace, HandEdit) {
        for source in sources {
            guard let place = source.place(ofItem: name.text, in: "destinations") else { continue }
            return (place, HandEdit(place: place, subject: "the destination \(name)"))
        }
        throw ValueError("there is no destination \(name)")
    }
}

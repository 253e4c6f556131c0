import CommandHints
import Configuration

/// The error of a command that leaves a file unchanged, because the file's text has a form that the command can't change safely.
package struct HandEdit: Error, Sendable, CustomStringConvertible {
    /// The file and the line of the entry that can't be changed.
    package let place: ConfigurationPlace
    /// The existing entry in words, such as `the integration acme`.
    package let subject: String

    package var description: String {
        """
        \(place): \(subject) is written in a form that this command can't change (such as {braces}, tabs, or mixed line endings): \
        edit the file, then run \(CommandHint.command("check")) and \(CommandHint.reload)
        """
    }
}

/// Changes and removes integrations, in the file that contains each one.
extension ConfigurationEdit {
    /// The file and the line of an integration.
    package func place(ofIntegration name: Name) -> ConfigurationPlace? {
        for source in sources {
            if let place = source.place(ofItem: name.text, in: "integrations") { return place }
        }
        return nil
    }

    /// Changes an integration to `new`. Lines that do not change stay as they are, including comments.
    ///
    /// - Parameters:
    ///   - present: the configuration that is in the files now.
    ///   - context: the context in which the changed configuration is loaded.
    /// - Returns: the configuration after the change.
    /// - Throws: ``HandEdit`` if the integration can't be changed safely, or `ConfigurationError` with the mistakes that the change would cause.
    package mutating func change(
        to new: IntegrationRecord, present: Configuration, _ context: ConfigurationContext
    ) throws -> Configuration {
        guard let integration = present.integration(named: new.name.text), let place = place(ofIntegration: new.name),
            let source = source(place.file)
        else { throw ValueError("there is no integration \(new.name)") }
        let problem = HandEdit(place: place, subject: "the integration \(new.name)")
        guard var lines = source.lines, let item = lines.block(line: place.line, column: place.column),
            lines.apply(IntegrationRecord(integration), new, in: item)
        else { throw problem }
        put(lines.text, into: place.file)
        let result = try load(context)
        let change = ConfigurationChange(from: present, to: result)
        guard change.added.isEmpty, change.removed.isEmpty, change.settings.isEmpty, change.needsRestart.isEmpty,
            change.changed.allSatisfy({ $0.integration.name == new.name }),
            let changed = result.integration(named: new.name.text), new.agrees(with: changed)
        else { throw problem }
        return result
    }

    /// Removes an integration. A separate file that `integration add` made for it is removed, too.
    ///
    /// - Returns: the configuration after the change.
    /// - Throws: like ``change(to:present:_:)``.
    package mutating func removeIntegration(
        _ name: Name, present: Configuration, _ context: ConfigurationContext
    ) throws -> Configuration {
        guard let place = place(ofIntegration: name), let source = source(place.file) else {
            throw ValueError("there is no integration \(name)")
        }
        let problem = HandEdit(place: place, subject: "the integration \(name)")
        guard var lines = source.lines else { throw problem }
        if lines.text.hasPrefix(IntegrationRecord.mark), source.itemCount(of: "integrations") == 1 {
            remove(place.file)
        } else {
            guard let item = lines.block(line: place.line, column: place.column) else { throw problem }
            lines.removeItem(item)
            put(lines.text, into: place.file)
        }
        let result = try load(context)
        let change = ConfigurationChange(from: present, to: result)
        guard change.removed == [name], change.added.isEmpty, change.changed.isEmpty, change.settings.isEmpty,
            change.needsRestart.isEmpty
        else { throw problem }
        return result
    }
}

extension YAMLLines {
    /// Returns false if the text has a form that can't be changed safely.
    fileprivate mutating func apply(_ old: IntegrationRecord, _ new: IntegrationRecord, in item: Block) -> Bool {
        for kind in IntegrationRecord.Kind.allCases where old.has(kind) && !new.has(kind) {
            remove(kind.rawValue, in: item)
        }
        for path in IntegrationRecord.keys where old[path] != new[path] {
            let parts = path.split(separator: ".").map(String.init)
            let value = new[path].map(YAMLScalar.text)
            guard parts.count == 2 else {
                guard let value else {
                    remove(path, in: item)
                    continue
                }
                guard set(path, value, in: item, after: "name") else { return false }
                continue
            }
            // If the whole section has been removed, this key has been removed with it.
            if value == nil, !has(parts[0], in: item) { continue }
            if let section = block(under: parts[0], in: item) {
                guard let value else {
                    remove(parts[1], in: section)
                    continue
                }
                guard set(parts[1], value, in: section) else { return false }
            } else if let value {
                guard add(parts[0], [(parts[1], value)], in: item) else { return false }
            } else {
                return false
            }
        }
        return true
    }
}

extension ConfigurationSource {
    /// The file's lines. Nil if the file can't be changed safely: it has tabs or mixed line endings, or is not text.
    var lines: YAMLLines? {
        guard !bytes.contains(0x09), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        return YAMLLines(text)
    }
}

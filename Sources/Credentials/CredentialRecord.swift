import Configuration
import FoundationEssentials

/// What the configuration says of a credential, in a small file of its own that `tributary credential` writes: `conf.d/credential-NAME.yaml` next
/// to the configuration. It never holds the secret.
package struct CredentialRecord: Sendable, Equatable {
    package var name: Name
    package var description: String?
    package var type: CredentialType
    package var permissions: CredentialPermissions
    package var expires: CalendarDate?
    package var clientID: String?
    package var keyID: String?

    package init(
        name: Name, description: String? = nil, type: CredentialType, permissions: CredentialPermissions = .read,
        expires: CalendarDate? = nil, clientID: String? = nil, keyID: String? = nil
    ) {
        self.name = name
        self.description = description
        self.type = type
        self.permissions = permissions
        self.expires = expires
        self.clientID = clientID
        self.keyID = keyID
    }

    /// Of a credential of the configuration.
    package init(_ credential: Configuration.Credential) {
        self.init(
            name: credential.name, description: credential.description, type: credential.type,
            permissions: credential.permissions, expires: credential.expires, clientID: credential.clientID,
            keyID: credential.keyID)
    }

    /// The file, for a configuration at that path.
    package static func file(of name: Name, configuration: String) -> String {
        "\(directory(configuration))/\(fileName(name))"
    }

    /// The file's text.
    package var yaml: String {
        var lines = [
            "# Made by `tributary credential`; change it by `tributary credential edit \(name)`.", "credentials:",
            "  - name: \(name)", "    type: \(type.rawValue)", "    permissions: \(permissions.rawValue)",
        ]
        if let description { lines.append("    description: \(Self.quoted(description))") }
        if let expires { lines.append("    expires: \(expires)") }
        if let clientID { lines.append("    client_id: \(Self.quoted(clientID))") }
        if let keyID { lines.append("    key_id: \(Self.quoted(keyID))") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Writes the file, if the whole configuration is good with it.
    ///
    /// - Throws: `CredentialFileError`, or `ConfigurationError` with what is wrong then; the file is as it was.
    package func save(configuration: String, context: ConfigurationContext) throws {
        try Self.check(
            configuration, context, with: ConfigurationSource(file: path(configuration), text: yaml), without: nil)
        let directory = try SafeDirectory.made(Self.directory(configuration), mode: 0o755)
        try directory.replace(Self.fileName(name), Array(yaml.utf8), mode: 0o644)
    }

    /// Removes the file of a credential, if the whole configuration is good without it.
    package static func remove(_ name: Name, configuration: String, context: ConfigurationContext) throws {
        try check(configuration, context, with: nil, without: file(of: name, configuration: configuration))
        try SafeDirectory(directory(configuration))?.remove(fileName(name))
    }

    private func path(_ configuration: String) -> String { Self.file(of: name, configuration: configuration) }

    private static func check(
        _ path: String, _ context: ConfigurationContext, with source: ConfigurationSource?, without file: String?
    ) throws {
        var sources = try ConfigurationSource.all(of: path)
        if let source {
            if let index = sources.firstIndex(where: { $0.file == source.file }) {
                sources[index] = source
            } else {
                sources.append(source)
            }
        }
        sources.removeAll { $0.file == file }
        _ = try Configuration.load(sources: sources, context: context)
    }

    private static func directory(_ configuration: String) -> String {
        guard let slash = configuration.lastIndex(of: "/") else { return "conf.d" }
        return "\(configuration[..<slash])/conf.d"
    }

    private static func fileName(_ name: Name) -> String { "credential-\(name).yaml" }

    /// A double-quoted scalar: JSON's texts are YAML's (YAML 1.2.2, 1.2).
    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

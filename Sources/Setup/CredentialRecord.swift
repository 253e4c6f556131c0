import Configuration

/// The configuration of a credential, in a small separate file that `tributary credential` writes: `conf.d/credential-NAME.yaml` next
/// to the configuration. It never contains the secret.
package struct CredentialRecord: Sendable, Equatable {
    package var name: Name
    package var description: String?
    package var type: CredentialType
    package var permissions: CredentialPermissions
    package var expires: CalendarDate?
    package var clientID: String?
    package var keyID: String?
    /// The path of the secret's file; nil if the unit provides the secret.
    package var secretFile: String?

    package init(
        name: Name, description: String? = nil, type: CredentialType, permissions: CredentialPermissions = .read,
        expires: CalendarDate? = nil, clientID: String? = nil, keyID: String? = nil, secretFile: String? = nil
    ) {
        self.name = name
        self.description = description
        self.type = type
        self.permissions = permissions
        self.expires = expires
        self.clientID = clientID
        self.keyID = keyID
        self.secretFile = secretFile
    }

    /// Creates the record of a credential in the configuration.
    package init(_ credential: Configuration.Credential) {
        self.init(
            name: credential.name, description: credential.description, type: credential.type,
            permissions: credential.permissions, expires: credential.expires, clientID: credential.clientID,
            keyID: credential.keyID, secretFile: credential.settings.secretFile)
    }

    /// The path of the credential's file, for the configuration at the given path.
    package static func file(of name: Name, configuration: String) -> String {
        ConfigurationEdit.dropIn("credential-\(name).yaml", of: configuration)
    }

    /// The file's text.
    package var yaml: String {
        var lines = [
            "# Made by `tributary credential`; change it with `tributary credential edit \(name)`.", "credentials:",
            "  - name: \(YAMLScalar.text(name.text))", "    type: \(type.rawValue)",
            "    permissions: \(permissions.rawValue)",
        ]
        if let description { lines.append("    description: \(YAMLScalar.quoted(description))") }
        if let expires { lines.append("    expires: \(expires)") }
        if let clientID { lines.append("    client_id: \(YAMLScalar.quoted(clientID))") }
        if let secretFile { lines.append("    secret_file: \(YAMLScalar.quoted(secretFile))") }
        if let keyID { lines.append("    key_id: \(YAMLScalar.quoted(keyID))") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Writes the credential's file, if the whole configuration is valid with this file.
    ///
    /// - Throws: `CredentialFileError`, or `ConfigurationError` with the mistakes that the change would cause; the file is then unchanged.
    package func save(configuration: String, context: ConfigurationContext) throws {
        var edit = try ConfigurationEdit(of: configuration)
        edit.put(yaml, into: Self.file(of: name, configuration: configuration))
        _ = try edit.load(context)
        _ = try edit.save()
    }

    /// Removes a credential's file, if the whole configuration is valid without it.
    package static func remove(_ name: Name, configuration: String, context: ConfigurationContext) throws {
        var edit = try ConfigurationEdit(of: configuration)
        edit.remove(file(of: name, configuration: configuration))
        _ = try edit.load(context)
        _ = try edit.save()
    }
}

import CommandHints

extension CommandHint {
    /// How to replace the secret of a credential, as text for a message: a command, or the file into which to write the new secret.
    ///
    /// - Parameter file: the credential's configured `secret_file`; nil if the key is not set.
    package static func replaceSecret(of credential: Name, in file: String?) -> String {
        guard let file, file != ownSecretFile(credential) else { return asRoot("credential rotate \(credential)") }
        return "put it into \(file)"
    }

    /// The file in which `tributary credential` stores a secret. If the configuration is not the installed one, the command writes this path into it
    /// as `secret_file`. For the installed configuration, the command writes no `secret_file`, and this is nil.
    private static func ownSecretFile(_ credential: Name) -> String? {
        configuration == installed
            ? nil : "\(CredentialDirectories.collector.next(to: configuration).source)/\(credential)"
    }
}

extension Configuration.Credential {
    /// How to replace the secret if Okta refuses it: a command or an action.
    package var secretReplacement: String { CommandHint.replaceSecret(of: settings.name, in: settings.secretFile) }
}

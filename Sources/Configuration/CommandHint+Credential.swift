import CommandHints

extension CommandHint {
    /// The command or action that replaces the secret of a credential.
    ///
    /// - Parameter file: the credential's configured `secret_file`; nil if `tributary credential` stores the secret.
    package static func replaceSecret(of credential: Name, in file: String?) -> String {
        guard let file, file != ownSecretFile(credential) else { return asRoot("credential rotate \(credential)") }
        return "put it into \(file)"
    }

    /// The file in which `tributary credential` stores a secret if it works with a configuration other than the installed one. Nil for the installed
    /// configuration.
    private static func ownSecretFile(_ credential: Name) -> String? {
        configuration == installed
            ? nil : "\(CredentialDirectories.collector.next(to: configuration).source)/\(credential)"
    }
}

extension Configuration.Credential {
    /// How to replace the secret if Okta refuses it: a command or an action.
    package var secretReplacement: String { CommandHint.replaceSecret(of: settings.name, in: settings.secretFile) }
}

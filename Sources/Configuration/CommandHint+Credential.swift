import CommandHints

extension CommandHint {
    /// The command or action that replaces the secret of a credential.
    ///
    /// - Parameter file: the file that the configuration names for it; nil if `tributary credential` keeps it.
    package static func replaceSecret(of credential: Name, in file: String?) -> String {
        guard let file, file != ownSecretFile(credential) else { return asRoot("credential rotate \(credential)") }
        return "put it into \(file)"
    }

    /// Where `tributary credential` keeps the secret of a configuration that no unit serves.
    private static func ownSecretFile(_ credential: Name) -> String? {
        configuration == installed
            ? nil : "\(CredentialDirectories.collector.next(to: configuration).source)/\(credential)"
    }
}

extension Configuration.Credential {
    /// What to do to replace the secret when Okta refuses it.
    package var secretReplacement: String { CommandHint.replaceSecret(of: settings.name, in: settings.secretFile) }
}

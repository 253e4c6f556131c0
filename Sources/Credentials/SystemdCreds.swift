import Glibc

/// systemd-creds(1), which encrypts with this host's key, and also with the TPM's if there is one.
package enum SystemdCreds {
    static let program = "/usr/bin/systemd-creds"
    /// The time limit in milliseconds. With a TPM, the program takes one or two seconds.
    private static let patience: Int32 = 60_000
    /// The maximum size of an encrypted secret in bytes. An encrypted secret is larger than the secret itself, because it is text and also contains
    /// keys.
    static let encryptedLimit = 3 * SafeDirectory.secretLimit

    /// Whether the program is installed.
    package static var isInstalled: Bool { access(program, X_OK) == 0 }

    static func decrypt(_ bytes: [UInt8], name: String) throws(CredentialFileError) -> [UInt8] {
        try run(["decrypt", "--name=\(name)", "-", "-"], bytes, limit: SafeDirectory.secretLimit)
    }

    static func encrypt(_ bytes: [UInt8], name: String) throws(CredentialFileError) -> [UInt8] {
        try run(["encrypt", "--name=\(name)", "-", "-"], bytes, limit: encryptedLimit)
    }

    private static func run(_ arguments: [String], _ input: [UInt8], limit: Int) throws(CredentialFileError) -> [UInt8]
    {
        guard isInstalled else {
            throw CredentialFileError(
                "\(program) is not installed: install systemd 250 or later, or store the secret unencrypted")
        }
        let ended: Subprogram.Ending
        do throws(Subprogram.Failure) {
            ended = try Subprogram.run(program, arguments, input: input, outputLimit: limit, patience: patience)
        } catch {
            throw CredentialFileError("\(program) can't be run: \(error.words)")
        }
        guard ended.status == 0 else {
            // The error contains only the program's standard error, which is about keys and files. The program's standard output may contain the
            // secret.
            throw CredentialFileError(
                "systemd-creds \(arguments[0]): \(ended.errors.isEmpty ? "failed" : ended.errors)")
        }
        return ended.output
    }
}

import Configuration
import Glibc

/// The directory in which an administrator stores the secrets of one service. `tributary credential` changes this directory.
package struct SecretKeeper {
    private let source: String

    package init(_ directories: CredentialDirectories) { source = directories.source }

    /// How a secret is stored.
    package enum Form: String, Sendable {
        case plain, encrypted
    }

    /// The form in which a credential's secret is stored; nil if there is none.
    package func form(of name: Name) throws(CredentialFileError) -> Form? {
        guard let directory = try SafeDirectory(source) else { return nil }
        if directory.holds(name.text + CredentialFileName.encryptedSuffix) { return .encrypted }
        return directory.holds(name.text) ? .plain : nil
    }

    /// The names of all secrets, sorted.
    package func names() throws(CredentialFileError) -> [Name] {
        guard let directory = try SafeDirectory(source) else { return [] }
        let suffix = CredentialFileName.encryptedSuffix
        let names = try directory.names().compactMap { file in
            try? Name(parsing: file.hasSuffix(suffix) ? String(file.dropLast(suffix.count)) : file)
        }
        return Set(names).sorted { $0.text < $1.text }
    }

    /// When the secret was stored, in seconds since 1970; nil if there is no secret.
    package func putAt(_ name: Name) throws(CredentialFileError) -> Int? {
        guard let directory = try SafeDirectory(source) else { return nil }
        return directory.modified(name.text + CredentialFileName.encryptedSuffix) ?? directory.modified(name.text)
    }

    /// The secret, decrypted if it is stored encrypted.
    package func secret(of name: Name) throws(CredentialFileError) -> [UInt8] {
        guard let directory = try SafeDirectory(source), let form = try form(of: name) else {
            throw CredentialFileError("there is no secret \(name) in \(source)")
        }
        return try CredentialLoader.secret(fileName(name, form), in: directory)
    }

    /// Stores a secret, or replaces it. While it is being replaced, at least one of the old and the new secret exists. If the process is killed while
    /// the form changes between plain and encrypted, both files can remain. `credential load` then refuses the secret and names both files.
    package func put(_ secret: [UInt8], as name: Name, _ form: Form) throws(CredentialFileError) {
        let directory = try SafeDirectory.made(source, mode: 0o700)
        let bytes = form == .plain ? secret : try SystemdCreds.encrypt(secret, name: name.text)
        try directory.replace(fileName(name, form), bytes, mode: 0o600)
        directory.remove(fileName(name, form == .plain ? .encrypted : .plain))
    }

    /// Removes the secret in any form. Returns whether there was one.
    @discardableResult
    package func remove(_ name: Name) throws(CredentialFileError) -> Bool {
        guard let directory = try SafeDirectory(source) else { return false }
        let plain = directory.remove(fileName(name, .plain))
        return directory.remove(fileName(name, .encrypted)) || plain
    }

    /// Stores a new key in the file `.NAME.next`. The key is not in use yet, and no service gets this file.
    package func putNext(_ secret: [UInt8], for name: Name) throws(CredentialFileError) {
        try SafeDirectory.made(source, mode: 0o700).replace(".\(name).next", secret, mode: 0o600)
    }

    package func next(for name: Name) throws(CredentialFileError) -> [UInt8]? {
        guard let directory = try SafeDirectory(source), directory.holds(".\(name).next") else { return nil }
        return try directory.read(".\(name).next")
    }

    package func removeNext(for name: Name) throws(CredentialFileError) {
        try SafeDirectory(source)?.remove(".\(name).next")
    }

    /// Calls `body` with the path of a file that contains the secret. Only this process's user can read the file, which exists only while `body`
    /// runs.
    package func withFile<Result>(
        _ secret: [UInt8], _ body: (String) async throws -> Result
    ) async throws -> Result {
        let directory = try SafeDirectory.made(source, mode: 0o700)
        Self.removeAbandonedTrials(in: directory)
        let name = "\(Self.trialPrefix)\(getpid()).\(SafeDirectory.random())"
        try directory.write(name, secret, mode: 0o600)
        defer { directory.remove(name) }
        return try await body("\(source)/\(name)")
    }

    private static let trialPrefix = ".trial."

    /// Removes files of ``withFile(_:_:)`` that remain because a command was killed.
    static func removeAbandonedTrials(in directory: SafeDirectory) {
        for name in (try? directory.names()) ?? [] where name.hasPrefix(trialPrefix) {
            let number = name.dropFirst(trialPrefix.count).prefix { $0 != "." }
            if let process = pid_t(number), kill(process, 0) != 0, errno == ESRCH { directory.remove(name) }
        }
    }

    private func fileName(_ name: Name, _ form: Form) -> String {
        form == .encrypted ? name.text + CredentialFileName.encryptedSuffix : name.text
    }
}

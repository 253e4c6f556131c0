import CLinux
import Configuration
import Glibc

/// The root step of a unit: decrypts each credential of a service by itself and lays it down for the service's user.
///
///     /etc/tributary/credentials/acme-read        as it is
///     /etc/tributary/credentials/beta-read.cred   by systemd-creds
///       → /run/tributary-credentials/collector/   0700, the service's user's
///
/// What can't be read or decrypted is left out, with the reason in `NAME.failed`: it stops the integrations that need it and nothing else.
/// The new directory takes the old one's name in one step, so the service sees either all old secrets or all new ones. The directory above it is
/// root's: nothing that the service could put there is followed.
package struct CredentialLoader {
    /// What became of one credential.
    package struct Outcome: Sendable, Equatable {
        package let name: String
        /// Nil when it was laid down.
        package let failure: String?
    }

    private let source: String
    private let targetRoot: String
    private let targetName: String
    private let owner: (uid_t, gid_t)

    /// - Parameter user: who is to read the credentials: a name or a number.
    package init(_ directories: CredentialDirectories, user: String) throws(CredentialFileError) {
        try self.init(source: directories.source, target: directories.runtime, user: user)
    }

    package init(source: String, target: String, user: String) throws(CredentialFileError) {
        self.source = source
        let slash = target.lastIndex(of: "/") ?? target.startIndex
        targetRoot = String(target[..<slash])
        targetName = String(target[target.index(after: slash)...])
        owner = try Account.find(user)
    }

    /// Lays all down.
    ///
    /// - Throws: when nothing can be laid down.
    package func load() throws(CredentialFileError) -> [Outcome] {
        try layDown { (target) throws(CredentialFileError) in try fill(target) }
    }

    /// Lays these down instead of what is in the source: the files that a unit's `LoadCredential=` and `LoadCredentialEncrypted=` name.
    package func load(
        files: [(name: String, path: String, isEncrypted: Bool)]
    ) throws(CredentialFileError) -> [Outcome] {
        try layDown { (target) throws(CredentialFileError) in
            var outcomes: [Outcome] = []
            for (name, path, isEncrypted) in files {
                do throws(CredentialFileError) {
                    let slash = path.lastIndex(of: "/") ?? path.startIndex
                    guard path.hasPrefix("/"), let directory = try SafeDirectory(String(path[..<slash])) else {
                        throw CredentialFileError("there is no file \(path)")
                    }
                    let file = String(path[path.index(after: slash)...])
                    let bytes = try directory.read(file, limit: SystemdCreds.encryptedLimit)
                    let secret = isEncrypted ? try SystemdCreds.decrypt(bytes, name: name) : bytes
                    try target.write(name, secret, mode: 0o400, owner: owner)
                    outcomes.append(Outcome(name: name, failure: nil))
                } catch {
                    outcomes.append(Outcome(name: name, failure: error.description))
                }
            }
            return outcomes
        }
    }

    /// In the name of a directory that a check lays down, before its process's number.
    package static let checkPrefix = "check-"

    /// Takes away what a check that was killed left.
    package static func removeAbandonedChecks() {
        guard let root = (try? SafeDirectory(CredentialDirectories.runtimeRoot)) ?? nil else { return }
        for name in (try? root.names()) ?? [] where name.hasPrefix(checkPrefix) {
            let number = name.dropFirst(checkPrefix.count).prefix { $0 != "-" }
            guard let process = pid_t(number), kill(process, 0) != 0, errno == ESRCH else { continue }
            root.removeDirectory(name)
        }
    }

    private func layDown(
        _ fill: (SafeDirectory) throws(CredentialFileError) -> [Outcome]
    ) throws(CredentialFileError) -> [Outcome] {
        if targetRoot.hasPrefix(CredentialDirectories.deliveryRoot + "/") {
            _ = try SafeDirectory.made(CredentialDirectories.deliveryRoot, mode: 0o700)
        }
        let root = try SafeDirectory.made(targetRoot, mode: 0o755)
        let names = try root.names()
        // Of a step that was killed; there is only ever one at a time for a unit.
        for name in names where name.hasPrefix(temporaryPrefix) { root.removeDirectory(name) }
        let temporary = temporaryPrefix + SafeDirectory.random()
        let target = try root.makeDirectory(temporary)
        let outcomes: [Outcome]
        do {
            outcomes = try fill(target)
        } catch {
            root.removeDirectory(temporary)
            throw error
        }
        guard fchown(target.descriptor, owner.0, owner.1) == 0, fchmod(target.descriptor, 0o700) == 0 else {
            throw CredentialFileError("cannot give away", target.path)
        }
        if root.holds(targetName) {
            guard tributary_exchange(root.descriptor, temporary, targetName) == 0 else {
                throw CredentialFileError("cannot replace", "\(targetRoot)/\(targetName)")
            }
            root.removeDirectory(temporary)
        } else {
            guard renameat(root.descriptor, temporary, root.descriptor, targetName) == 0 else {
                throw CredentialFileError("cannot make", "\(targetRoot)/\(targetName)")
            }
        }
        return outcomes
    }

    /// Takes everything away that was laid down.
    package func remove() {
        (try? SafeDirectory(targetRoot))??.removeDirectory(targetName)
    }

    private var temporaryPrefix: String { ".\(targetName)." }

    private func fill(_ target: SafeDirectory) throws(CredentialFileError) -> [Outcome] {
        guard let kept = try SafeDirectory(source) else { return [] }
        var outcomes: [Outcome] = []
        let files = try kept.names().filter { !$0.hasPrefix(".") }
        for (name, candidates) in Dictionary(grouping: files, by: Self.credentialName).sorted(by: { $0.key < $1.key }) {
            guard (try? Name(parsing: name)) != nil else {
                outcomes.append(
                    Outcome(name: name, failure: "it is no credential's name: a-z, digits and -, such as acme-read"))
                continue
            }
            do throws(CredentialFileError) {
                guard candidates.count == 1 else {
                    throw CredentialFileError(
                        "both \(name) and \(name)\(CredentialFileName.encryptedSuffix) are there: remove one")
                }
                let secret = try Self.secret(candidates[0], in: kept)
                try target.write(name, secret, mode: 0o400, owner: owner)
                outcomes.append(Outcome(name: name, failure: nil))
            } catch {
                outcomes.append(Outcome(name: name, failure: error.description))
                try target.write(
                    name + CredentialFileName.failedSuffix, Array("\(error.description)\n".utf8), mode: 0o400,
                    owner: owner)
            }
        }
        return outcomes
    }

    /// `acme-read` of `acme-read` and of `acme-read.cred`.
    private static func credentialName(_ file: String) -> String {
        file.hasSuffix(CredentialFileName.encryptedSuffix)
            ? String(file.dropLast(CredentialFileName.encryptedSuffix.count)) : file
    }

    /// A credential's secret from the file that an administrator keeps.
    static func secret(_ file: String, in directory: SafeDirectory) throws(CredentialFileError) -> [UInt8] {
        guard file.hasSuffix(CredentialFileName.encryptedSuffix) else { return try directory.read(file) }
        return try SystemdCreds.decrypt(
            directory.read(file, limit: SystemdCreds.encryptedLimit), name: credentialName(file))
    }
}

/// A user of this host.
package enum Account {
    /// The numbers of a user and of its first group; for a number alone the number itself.
    package static func find(_ user: String) throws(CredentialFileError) -> (uid_t, gid_t) {
        if let number = uid_t(user) { return (number, number) }
        var found = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        let code = getpwnam_r(user, &found, &buffer, buffer.count, &result)
        guard code == 0, result != nil else {
            throw CredentialFileError("there is no user \(user): run systemd-sysusers, or name another with --user")
        }
        return (found.pw_uid, found.pw_gid)
    }
}

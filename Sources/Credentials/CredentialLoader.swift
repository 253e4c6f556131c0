import CLinux
import Configuration
import Glibc

/// The root step of a unit: reads each credential of a service separately, decrypts it if it is encrypted, and writes it to a directory of the
/// service's user.
///
///     /etc/tributary/credentials/acme-read        plain
///     /etc/tributary/credentials/beta-read.cred   encrypted by systemd-creds
///       → /run/tributary-credentials/collector/   mode 0700, owned by the service's user
///
/// If a credential can't be read or decrypted, `NAME.failed` is written instead and contains the reason. Only the integrations that need this
/// credential stop. The new directory replaces the old one in one step, so the service sees either all old secrets or all new ones. The parent
/// directory belongs to root, so the service can't replace the directory by a link.
package struct CredentialLoader {
    /// The result for one credential.
    package struct Outcome: Sendable, Equatable {
        package let name: String
        /// Why the credential was not written; nil if it was written.
        package let failure: String?
    }

    private let source: String
    private let targetRoot: String
    private let targetName: String
    private let owner: (uid_t, gid_t)

    /// - Parameter user: the name or number of the user who may read the credentials.
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

    /// Writes all credentials.
    ///
    /// - Throws: if the credentials can't be written at all. If only a single credential has a problem, the credential's ``Outcome`` has the reason.
    package func load() throws(CredentialFileError) -> [Outcome] {
        try layDown { (target) throws(CredentialFileError) in try fill(target) }
    }

    /// Writes the credentials from the given files instead of those in the source directory. The given files are those that a unit names in
    /// `LoadCredential=` and `LoadCredentialEncrypted=`. Writes nothing for a file that can't be read or decrypted.
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

    /// The prefix of the name of a directory that `tributary check` makes. The process id follows the prefix.
    package static let checkPrefix = "check-"

    /// Removes directories that remain because a `tributary check` was killed.
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
        // A directory with this prefix remains if a root step was killed. A unit has only one root step at a time, so nothing uses such a directory.
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
            throw CredentialFileError("cannot change the owner of", target.path)
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

    /// Removes the directory into which the credentials were written.
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
                    Outcome(
                        name: name, failure: "not a valid name of a credential: use a-z, digits and -, as in acme-read")
                )
                continue
            }
            do throws(CredentialFileError) {
                guard candidates.count == 1 else {
                    throw CredentialFileError(
                        "both \(name) and \(name)\(CredentialFileName.encryptedSuffix) exist: remove one")
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

    /// The credential's name: `acme-read` for both `acme-read` and `acme-read.cred`.
    private static func credentialName(_ file: String) -> String {
        file.hasSuffix(CredentialFileName.encryptedSuffix)
            ? String(file.dropLast(CredentialFileName.encryptedSuffix.count)) : file
    }

    /// Reads a credential's secret from the administrator's file, and decrypts it if it is encrypted.
    static func secret(_ file: String, in directory: SafeDirectory) throws(CredentialFileError) -> [UInt8] {
        guard file.hasSuffix(CredentialFileName.encryptedSuffix) else { return try directory.read(file) }
        return try SystemdCreds.decrypt(
            directory.read(file, limit: SystemdCreds.encryptedLimit), name: credentialName(file))
    }
}

/// A user of this host.
package enum Account {
    /// The uid and the primary gid of the user with this name. If the text is a number, the number is both the uid and the gid.
    package static func find(_ user: String) throws(CredentialFileError) -> (uid_t, gid_t) {
        if let number = uid_t(user) { return (number, number) }
        var found = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        let code = getpwnam_r(user, &found, &buffer, buffer.count, &result)
        guard code == 0, result != nil else {
            throw CredentialFileError("there is no user \(user): run systemd-sysusers, or name another user (--user)")
        }
        return (found.pw_uid, found.pw_gid)
    }
}

import CommandHints
import CurlHTTPClient
import OktaAPI

/// Reads one item of `credentials`, and checks the file of its secret. A file with a token is not opened. A file with a private key is read to find
/// out the kind of key; the key is then discarded.
struct CredentialReader {
    let settings: Settings
    let context: ConfigurationContext
    private let keys = Configuration.CredentialKeys.shared

    /// A warning is given if a credential expires within this number of days.
    static let warningDays = 30
    /// A larger file can't be a token or a private key.
    static let maximumSecretBytes = 64 << 10

    init(settings: Settings, context: ConfigurationContext) {
        self.settings = settings
        self.context = context
    }

    /// - Returns: the credential's name, if it is valid and no other credential has it.
    @discardableResult
    func read(into index: inout CredentialIndex, _ findings: inout Findings) -> Name? {
        let reading = SectionReading<Configuration.CredentialKeys>(settings, context, into: &findings)
        guard let name = reading[\.name] else { return nil }
        let place = settings.place(of: keys.name.path)
        if let earlier = index.declare(name, at: place) {
            findings.error(
                at: place, key: keys.name.path, "the credential “\(name)” already exists, at \(earlier)",
                hint: "give one of the two another name")
            return nil
        }
        let type = reading[\.type]
        let clientID = reading[\.clientID] ?? nil
        let givenFile = reading[\.secretFile] ?? nil
        if let type { checkClient(type, name, clientID, reading[\.keyID] ?? nil, &findings) }
        if let expires = reading[\.expires] ?? nil { checkExpiry(expires, name, &findings) }
        let file = givenFile ?? Self.defaultSecretFile(name.text, context.environment)
        var keyKind: String?
        if settings.values[keys.secretFile.path] == nil || givenFile != nil {
            keyKind = checkSecret(file, name, isKey: type == .oauth && clientID != nil, &findings)
        }
        guard let whole = reading.whole else { return name }
        index.add(Configuration.Credential(settings: whole, secretFile: file, keyKind: keyKind))
        return name
    }

    /// The default path of a credential's secret. The path is in the first of ``CredentialPlaces/directories`` that contains the secret or its
    /// `.failed` file, which says why the secret is missing. If no directory contains either file, the path is in the first directory.
    static func defaultSecretFile(_ name: String, _ environment: [String: String]) -> String {
        let places = CredentialPlaces(environment)
        let isThere = { (path: String) in
            [path, path + CredentialFileName.failedSuffix].contains { FileProbe.look(at: $0) != .missing }
        }
        let candidates = places.directories.map { "\($0)/\(name)" }
        return candidates.first(where: isThere) ?? candidates[0]
    }

    private func checkClient(
        _ type: CredentialType, _ name: Name, _ clientID: String?, _ keyID: String?, _ findings: inout Findings
    ) {
        switch type {
        case .oauth:
            if clientID == nil, settings.values[keys.clientID.path].map({ $0.node.isNull }) ?? true {
                findings.error(
                    at: settings.place(of: keys.type.path), key: keys.clientID.path,
                    "“client_id” is missing: the credential “\(name)” has type oauth",
                    hint: "add the service app's client ID")
            }
        case .apiToken:
            for (key, value) in [(keys.clientID, clientID), (keys.keyID, keyID)] where value != nil {
                findings.error(
                    at: settings.values[key.path]?.key.place ?? settings.place, key: key.path,
                    "“\(key.description.name)” has no effect with type api_token",
                    hint: "write “type: oauth”, or remove this key")
            }
        }
    }

    private func checkExpiry(_ expires: CalendarDate, _ name: Name, _ findings: inout Findings) {
        let days = expires.daysSince1970 - context.today.daysSince1970
        guard days <= Self.warningDays else { return }
        let place = settings.place(of: keys.expires.path)
        let when =
            switch days {
            case ..<0: "expired on \(expires)"
            case 0: "expires today"
            case 1: "expires tomorrow, on \(expires)"
            default: "expires in \(days) days, on \(expires)"
            }
        findings.warning(
            at: place, key: keys.expires.path, "the credential “\(name)” \(when)",
            hint: "make a new credential in Okta and write it into the secret file")
    }

    /// Returns the kind of the private key; nil if the secret is not a private key or can't be read.
    private func checkSecret(_ path: String, _ name: Name, isKey: Bool, _ findings: inout Findings) -> String? {
        let given = settings.values[keys.secretFile.path].flatMap { $0.node.isNull ? nil : $0.node.place }
        let place = given ?? settings.place(of: keys.name.path)
        let shown = LiteralSecret.quoted(path, naming: name.text)
        func report(_ message: String, _ hint: String) {
            let key = keys.secretFile.path
            let whole = "the secret of the credential “\(name)” \(message)"
            switch context.secrets {
            case .required: findings.error(at: place, key: key, whole, hint: hint)
            case .warned: findings.warning(at: place, key: key, whole, hint: hint)
            }
        }
        switch FileProbe.look(at: path) {
        case .readable(let bytes, let isWorldReadable):
            if bytes == 0 { report("is empty: \(shown)", "put the token or private key into the file") }
            if bytes > Self.maximumSecretBytes {
                report(
                    "is larger than 64 KiB: \(shown)", "the file must contain the token or private key and nothing else"
                )
            }
            if isWorldReadable {
                findings.warning(
                    at: place, key: keys.secretFile.path,
                    "every user of this host can read the secret of the credential “\(name)”: \(shown)",
                    hint: "remove the read permission of other users with: chmod o-r")
            }
            if isKey, bytes > 0, bytes <= Self.maximumSecretBytes {
                do throws(CredentialError) {
                    return try OAuthCredential.keyFile(path).value().kind
                } catch {
                    report("can't be used: \(error.reason)", "\(shown) must contain the service app's private key")
                }
            }
        case .missing:
            if let reason = SecretFailure.reason(besides: path) {
                report(
                    "could not be provided: \(reason)",
                    "store the secret again: \(CommandHint.command("credential rotate \(name)"))")
            } else {
                report(
                    "is missing: there is no file \(shown)",
                    given == nil
                        ? "store the secret with `\(CommandHint.asRoot("credential rotate \(name)"))`, or put it into \(CredentialDirectories.collector.source)/\(name) and "
                            + "reload the service; or set secret_file"
                        : "create the file, or correct the path")
            }
        case .notAFile: report("is not a file: \(shown)", "write the path of a file")
        case .unreadable(let code):
            report("can't be read: \(shown): \(FileProbe.words(code))", "allow the service's user to read the file")
        }
        return nil
    }
}

extension CredentialError {
    /// The reason without the path, which is already in the message.
    fileprivate var reason: String {
        switch self {
        case .key(_, let problem): problem.description
        case .malformed: "the file is too large or not text"
        default: description
        }
    }
}

/// The directories in which Tributary looks for the secret of a credential without `secret_file`, in this order: the directory to which the unit's
/// root step (`ExecStartPre=`) writes, and systemd's directory for `LoadCredential=` (systemd.exec(5)). A unit's environment names the directories.
/// If it names none, the directories of `tributary.service` are used.
struct CredentialPlaces {
    let directories: [String]

    init(_ environment: [String: String]) {
        func directory(_ variable: String) -> String? {
            guard let value = environment[variable], value.hasPrefix("/") else { return nil }
            return value.hasSuffix("/") ? String(value.dropLast()) : value
        }
        let prepared = directory("TRIBUTARY_CREDENTIALS_DIRECTORY")
        let systemd = directory("CREDENTIALS_DIRECTORY")
        directories =
            prepared == nil && systemd == nil
            ? [CredentialDirectories.collector.runtime, "/run/credentials/tributary.service"]
            : [prepared, systemd].compactMap(\.self)
    }
}

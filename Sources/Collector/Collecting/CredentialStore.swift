import Configuration
import OktaAPI
import Synchronization

/// Gives each configured credential its way to sign requests. Integrations that use the same credential at the same org get the same
/// object, and so share its access token.
final class CredentialStore: Sendable {
    /// What a reload compares: a key of another kind in the same file is the same credential.
    private struct Key: Hashable {
        var settings: Section<Configuration.CredentialKeys>
        var secretFile: String
        var origin: String

        init(_ credential: Configuration.Credential, at origin: String) {
            (settings, secretFile) = (credential.settings, credential.secretFile)
            self.origin = origin
        }
    }

    private let transport: any HTTPTransport
    private let made = Mutex<[Key: any Credential]>([:])

    init(transport: any HTTPTransport) { self.transport = transport }

    /// The credential, for reading the log of the org at `org`. No file is touched yet.
    func credential(_ configured: Configuration.Credential, at org: OrgURL) -> any Credential {
        let key = Key(configured, at: org.origin)
        return made.withLock { made in
            if let known = made[key] { return known }
            let credential = make(configured, org)
            made[key] = credential
            return credential
        }
    }

    /// Has each read its secret again at the next request.
    func readAgain() async {
        for credential in made.withLock({ Array($0.values) }) { await credential.readAgain() }
    }

    /// Lets go of those that no integration of these uses.
    func keepOnly(usedBy integrations: [Configuration.Integration]) {
        let used = Set(
            integrations.compactMap { integration in
                integration.dataIngest.map { Key($0.credential, at: integration.url.origin) }
            })
        made.withLock { made in made = made.filter { used.contains($0.key) } }
    }

    private func make(_ configured: Configuration.Credential, _ org: OrgURL) -> any Credential {
        // The configuration asks for a client ID with oauth, and refuses it otherwise.
        guard configured.type == .oauth, let clientID = configured.clientID else {
            return APITokenFile(path: configured.secretFile)
        }
        return OAuthCredential(
            .init(clientID: clientID, keyID: configured.keyID, scopes: ["okta.logs.read"]), org: org,
            keyPath: configured.secretFile, transport: transport)
    }
}

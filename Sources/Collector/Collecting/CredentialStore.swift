import Configuration
import CurlHTTPClient
import OktaAPI
import Synchronization

/// Creates the object that authorizes requests with a configured credential. Integrations that use the same credential at the same org share one
/// object, and with it the access token.
final class CredentialStore: Sendable {
    /// The properties that identify a credential. The contents of its file are not among them, so a replaced secret does not make it another
    /// credential.
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

    /// The credential for reading the log of the org at `org`. Does not read a file yet.
    func credential(_ configured: Configuration.Credential, at org: OrgURL) -> any Credential {
        let key = Key(configured, at: org.origin)
        return made.withLock { made in
            if let known = made[key] { return known }
            let credential = make(configured, org)
            made[key] = credential
            return credential
        }
    }

    /// Makes every credential read its secret again at the next request.
    func readAgain() async {
        for credential in made.withLock({ Array($0.values) }) { await credential.readAgain() }
    }

    /// Releases credentials that none of these integrations uses.
    func keepOnly(usedBy integrations: [Configuration.Integration]) {
        let used = Set(
            integrations.compactMap { integration in
                integration.dataIngest.map { Key($0.credential, at: integration.url.origin) }
            })
        made.withLock { made in made = made.filter { used.contains($0.key) } }
    }

    private func make(_ configured: Configuration.Credential, _ org: OrgURL) -> any Credential {
        // The configuration requires a client ID for `oauth`, and forbids one for an API token.
        guard configured.type == .oauth, let clientID = configured.clientID else {
            return APITokenFile(path: configured.secretFile)
        }
        return OAuthCredential(
            .init(clientID: clientID, keyID: configured.keyID, scopes: ["okta.logs.read"]), org: org,
            keyPath: configured.secretFile, transport: transport)
    }
}

import Configuration
import OktaAPI
import Synchronization

/// Gives each configured credential its way to sign requests. Integrations that use the same credential at the same org get the same
/// object, and so share its access token.
final class CredentialStore: Sendable {
    private struct Key: Hashable {
        var name: String
        var origin: String
    }

    private let transport: any HTTPTransport
    private let made = Mutex<[Key: any Credential]>([:])

    init(transport: any HTTPTransport) { self.transport = transport }

    /// The credential, for reading the log of the org at `org`. No file is touched yet.
    func credential(_ configured: Configuration.Credential, at org: OrgURL) -> any Credential {
        let key = Key(name: configured.name.text, origin: org.origin)
        return made.withLock { made in
            if let known = made[key] { return known }
            let credential = make(configured, org)
            made[key] = credential
            return credential
        }
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

import Configuration
import CurlHTTPClient
import FoundationEssentials
import OktaAPI

/// An org that can be acted on: an integration with a `response_action`.
struct ResponseOrg: Sendable {
    let integration: String
    /// The credential's name, not its secret.
    let credential: String
    let users: OktaUsers

    var host: String { users.org.host }

    /// The orgs of all integrations with a `response_action`, by the integrations' names.
    static func all(
        _ configuration: Configuration, credentialsDirectory: String?, transport: any HTTPTransport,
        clock: ResponseClock
    ) -> [String: ResponseOrg] {
        var orgs: [String: ResponseOrg] = [:]
        for integration in configuration.integrations {
            guard let action = integration.responseAction else { continue }
            let credential = scoped(
                action.credential, at: integration.url, credentialsDirectory: credentialsDirectory,
                transport: transport)
            orgs[integration.name.text] = ResponseOrg(
                integration: integration.name.text, credential: action.credential.name.text,
                users: OktaUsers(
                    org: integration.url, credential: credential, transport: transport, now: clock.instant,
                    wait: clock.wait))
        }
        return orgs
    }

    private static func scoped(
        _ credential: Configuration.Credential, at org: OrgURL, credentialsDirectory: String?,
        transport: any HTTPTransport
    ) -> ScopedCredential {
        var path = credential.secretFile
        if credential.settings.secretFile == nil, let credentialsDirectory {
            path = "\(credentialsDirectory)/\(credential.name)"
        }
        // The configuration requires a client ID for oauth, and refuses it for other types.
        guard credential.type == .oauth, let clientID = credential.clientID else {
            return ScopedCredential(apiToken: APITokenFile(path: path))
        }
        return ScopedCredential(
            clientID: clientID, keyID: credential.keyID, org: org, keyPath: path, transport: transport)
    }

    /// The transport with the settings of the configuration's `network` section.
    static func transport(
        _ network: Configuration.Network, userAgent: String, environment: [String: String]
    ) throws(TransportError) -> CurlTransport {
        try CurlTransport(
            CurlTransport.Options(
                userAgent: userAgent, caFile: network.caFile,
                proxies: ProxyRules(
                    proxy: network.proxy?.text,
                    exceptions: network.noProxy.isEmpty ? nil : network.noProxy.map(\.text), environment: environment),
                proxyCredentials: network.proxyCredentialsFile.map(ProxyCredentialsFile.init),
                addressName: OrgURL.addressName,
                maximumIdleConnections: 64, maximumConnections: 256, maximumBodyBytes: 16 << 20))
    }
}

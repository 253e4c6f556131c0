import CommandHints
import CurlHTTPClient

extension TransportError {
    /// What an operator of an org can check after this error.
    package var advice: String {
        if let remedy { return remedy }
        return switch kind {
        case .resolve: "Check the org's URL and this machine's DNS"
        case .connect: "Check the network, the firewall and the proxy settings"
        case .proxy: "Check the proxy's address, its credentials and its rules"
        case .tls: "Check the org's URL, this machine's clock, and ca_file if a proxy replaces TLS certificates"
        case .timeout: "Check the network; if the problem persists, see Okta's status page"
        case .noRoom:
            "Find out why earlier answers are not stored (`\(CommandHint.command("status"))`): usually the spool is full or can't be written"
        case .tooLarge:
            "If the problem persists, either the URL does not lead to Okta, or a page of the log exceeds the size limit"
        case .cancelled, .shutDown: "No action is needed"
        case .interrupted, .protocol: "If the problem persists, check for a proxy or firewall that changes traffic"
        case .invalidRequest: "Check the configured URL, filter, token and ca_file"
        }
    }
}

import Configuration
import CurlHTTPClient
import FoundationEssentials
import OktaAPI

extension CurlTransport {
    /// Creates the transport for a configuration. If no proxy is configured, the proxy variables in this process's environment apply.
    convenience init(_ configuration: Configuration) throws(Daemon.StartError) {
        do throws(TransportError) {
            try self.init(
                Options(
                    userAgent: Version.userAgent, caFile: configuration.network.caFile,
                    proxies: ProxyRules(configuration.network),
                    proxyCredentials: configuration.network.proxyCredentialsFile.map(ProxyCredentialsFile.init),
                    addressName: OrgURL.addressName,
                    maximumBodyBytes: Self.bodyBytes(workers: Daemon.workerCount)))
        } catch {
            throw .configuration(error.description)
        }
    }

    /// The maximum memory for the pages of all integrations together. It is large enough that no worker has to wait for a page. A higher limit would
    /// only let more pages wait in memory for a worker. The result is 20 MiB with one worker and 48 MiB with eight.
    static func bodyBytes(workers: Int) -> Int { (16 + 4 * workers) << 20 }
}

extension ProxyRules {
    /// Uses the configured proxy. If none is configured, uses the proxy in this process's environment.
    init(_ network: Configuration.Network) {
        self.init(
            proxy: network.proxy?.text, exceptions: network.noProxy.isEmpty ? nil : network.noProxy.map(\.text),
            environment: ProcessInfo.processInfo.environment)
    }
}

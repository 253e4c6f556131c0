import Configuration
import CurlHTTPClient
import FoundationEssentials
import OktaAPI

extension CurlTransport {
    /// The transport for a configuration, in the environment of this process.
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

    /// What the pages of all integrations may take together: enough that no worker waits for one, and no more, since what waits for a worker only takes
    /// memory. 20 MiB with one worker, 48 MiB with eight.
    static func bodyBytes(workers: Int) -> Int { (16 + 4 * workers) << 20 }
}

extension ProxyRules {
    /// The configured proxy, or that of this process's environment if none is configured.
    init(_ network: Configuration.Network) {
        self.init(
            proxy: network.proxy?.text, exceptions: network.noProxy.isEmpty ? nil : network.noProxy.map(\.text),
            environment: ProcessInfo.processInfo.environment)
    }
}

import Configuration
import CurlHTTPClient
import Delivery
import FoundationEssentials
import Logging

/// The bucket of a fleet, as configured in the section `fleet.log`.
package struct FleetBucket: Sendable {
    package let seals: SealLog
    package var list: SealList { SealList(seals) }
    private let transport: CurlTransport

    /// Makes the client of the bucket. No connection is opened yet.
    ///
    /// - Parameters:
    ///   - connections: the number of concurrent transfers.
    /// - Throws: ``TransportError`` if a configured file, such as a CA file, can't be used.
    package init(
        _ fleet: Configuration.Fleet, network: Configuration.Network, userAgent: String, connections: Int,
        logger: Logger, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(TransportError) {
        transport = try CurlTransport(
            CurlTransport.Options(
                userAgent: userAgent, caFile: network.caFile,
                proxies: ProxyRules(
                    proxy: network.proxy?.text,
                    exceptions: network.noProxy.isEmpty ? nil : network.noProxy.map(\.text), environment: environment),
                proxyCredentials: network.proxyCredentialsFile.map(ProxyCredentialsFile.init),
                maximumIdleConnections: connections, maximumConnections: connections, maximumBodyBytes: 32 << 20))
        let address = S3Address(fleet.log)
        let client = S3Client(
            address, settingsName: "fleet.log", transport: transport,
            credentials: AutomaticCredentials.source(
                fleet.log.credentials, secretFile: fleet.secretFile, process: fleet.log.credentialProcess,
                transport: transport, environment: environment, region: address.region), logger: logger)
        seals = SealLog(client, encryption: fleet.log.serverSideEncryption?.rawValue, host: fleet.host, logger: logger)
    }

    package func shutdown() async { await transport.shutdown() }
}

extension S3Address {
    package init(_ log: Section<Configuration.FleetLogKeys>) {
        self.init(
            bucket: log.bucket, prefix: log.prefix, endpoint: log.endpoint?.description, isPathStyle: log.pathStyle,
            region: log.region)
    }
}

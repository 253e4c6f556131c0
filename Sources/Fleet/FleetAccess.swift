import Configuration
import Delivery
import Logging
import OktaAPI

/// What the section `fleet` leads to: the client of its bucket, and the store of its leases. No connection is opened yet.
package struct FleetAccess: Sendable {
    /// Transfers to the bucket at once.
    package static let connections = 32

    package let bucket: S3Client
    package let leases: any LeaseStore

    /// - Throws: ``TransportError`` for a file that can't be used.
    package init(
        _ fleet: Configuration.Fleet, network: Configuration.Network, userAgent: String, environment: [String: String],
        logger: Logger
    ) throws(TransportError) {
        let transport = try CurlTransport(
            CurlTransport.Options(
                userAgent: userAgent, caFile: network.caFile,
                proxies: ProxyRules(
                    proxy: network.proxy?.text,
                    exceptions: network.noProxy.isEmpty ? nil : network.noProxy.map(\.text), environment: environment),
                proxyCredentials: network.proxyCredentialsFile.map(ProxyCredentialsFile.init),
                maximumIdleConnections: Self.connections, maximumConnections: Self.connections,
                maximumBodyBytes: 32 << 20))
        let address = S3Address(
            bucket: fleet.log.bucket, prefix: fleet.log.prefix, endpoint: fleet.log.endpoint?.description,
            isPathStyle: fleet.log.pathStyle, region: fleet.log.region)
        bucket = S3Client(
            address, settingsName: "fleet.log", transport: transport,
            credentials: AutomaticCredentials.source(
                fleet.log.credentials, secretFile: fleet.secretFile, process: fleet.log.credentialProcess,
                transport: transport, environment: environment, region: address.region), logger: logger)
        leases = try Self.leases(fleet, network, userAgent, bucket)
    }

    private static func leases(
        _ fleet: Configuration.Fleet, _ network: Configuration.Network, _ userAgent: String, _ bucket: S3Client
    ) throws(TransportError) -> any LeaseStore {
        let (name, ttl) = (fleet.name.text, fleet.lease.ttl.duration)
        guard fleet.lease.type == .etcd else {
            return S3LeaseStore(
                bucket, encryption: fleet.log.serverSideEncryption?.rawValue, fleet: name, host: fleet.host, ttl: ttl)
        }
        var certificate: CurlTransport.ClientCertificate?
        if let file = fleet.lease.certificateFile, let keyFile = fleet.lease.keyFile {
            certificate = CurlTransport.ClientCertificate(file: file, keyFile: keyFile)
        }
        // Not through a proxy: etcd is near, and a proxy would be one more thing that can fail.
        let transport = try CurlTransport(
            CurlTransport.Options(
                userAgent: userAgent, caFile: fleet.lease.caFile, clientCertificate: certificate,
                maximumIdleConnections: 8, maximumConnections: 8))
        return EtcdLeaseStore(
            transport: transport, endpoints: fleet.lease.endpoints.map(\.description), fleet: name, host: fleet.host,
            ttl: ttl)
    }
}

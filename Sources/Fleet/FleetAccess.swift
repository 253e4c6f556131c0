import Configuration
import CurlHTTPClient
import Delivery
import Logging

/// The clients that the section `fleet` configures: one for the fleet's bucket, and one for the store of its leases. Making them opens no connection.
package struct FleetAccess: Sendable {
    /// The client of the bucket.
    package var bucket: S3Client { seals.client }

    /// The number of concurrent transfers to the bucket.
    package static let connections = 32

    package let seals: SealLog
    package let leases: any LeaseStore

    /// - Throws: ``TransportError`` if a configured file, such as a CA file, can't be used.
    package init(
        _ fleet: Configuration.Fleet, network: Configuration.Network, userAgent: String, environment: [String: String],
        logger: Logger
    ) throws(TransportError) {
        func bucket(connections: Int) throws(TransportError) -> SealLog {
            try FleetBucket(
                fleet, network: network, userAgent: userAgent, connections: connections, logger: logger,
                environment: environment
            ).seals
        }
        seals = try bucket(connections: Self.connections)
        switch fleet.lease.type {
        // The lease gets a client with its own connections, so that a renewal never waits for segments.
        case .s3:
            leases = S3LeaseStore(
                try bucket(connections: 4).client, encryption: fleet.log.serverSideEncryption?.rawValue,
                fleet: fleet.name.text, host: fleet.host, ttl: fleet.lease.ttl.duration)
        case .etcd: leases = try Self.etcd(fleet, userAgent)
        }
    }

    private static func etcd(
        _ fleet: Configuration.Fleet, _ userAgent: String
    ) throws(TransportError) -> EtcdLeaseStore {
        var certificate: CurlTransport.ClientCertificate?
        if let file = fleet.lease.certificateFile, let keyFile = fleet.lease.keyFile {
            certificate = CurlTransport.ClientCertificate(file: file, keyFile: keyFile)
        }
        // etcd is reached without a proxy, because it is near, and a proxy would be one more component that can fail.
        let transport = try CurlTransport(
            CurlTransport.Options(
                userAgent: userAgent, caFile: fleet.lease.caFile, clientCertificate: certificate,
                maximumIdleConnections: 8, maximumConnections: 8))
        return EtcdLeaseStore(
            transport: transport, endpoints: fleet.lease.endpoints.map(\.description), fleet: fleet.name.text,
            host: fleet.host, ttl: fleet.lease.ttl.duration)
    }
}

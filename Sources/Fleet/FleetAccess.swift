import Configuration
import CurlHTTPClient
import Delivery
import Logging

/// What the section `fleet` leads to: the client of its bucket, and the store of its leases. No connection is opened yet.
package struct FleetAccess: Sendable {
    /// The client of the bucket.
    package var bucket: S3Client { seals.client }

    /// Transfers to the bucket at once.
    package static let connections = 32

    package let seals: SealLog
    package let leases: any LeaseStore

    /// - Throws: ``TransportError`` for a file that can't be used.
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
        // With connections of its own, so that a renewal never waits for segments.
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
        // Not through a proxy: etcd is near, and a proxy would be one more thing that can fail.
        let transport = try CurlTransport(
            CurlTransport.Options(
                userAgent: userAgent, caFile: fleet.lease.caFile, clientCertificate: certificate,
                maximumIdleConnections: 8, maximumConnections: 8))
        return EtcdLeaseStore(
            transport: transport, endpoints: fleet.lease.endpoints.map(\.description), fleet: fleet.name.text,
            host: fleet.host, ttl: fleet.lease.ttl.duration)
    }
}

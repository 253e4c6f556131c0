import Configuration
import Delivery
import Fleet
import FoundationEssentials
import Logging
import OktaAPI
import Spool

/// What a daemon in a fleet needs before it opens its spool: the fleet's bucket and its leases.
struct FleetStart: Sendable {
    /// Transfers to the bucket at once.
    static let connections = 32

    let fleet: Configuration.Fleet
    let seals: SealLog
    let store: any LeaseStore

    /// Opens no connection yet.
    ///
    /// - Throws: `Daemon.StartError.configuration` for a file that can't be used.
    init(_ fleet: Configuration.Fleet, network: Configuration.Network, logger: Logger) throws(Daemon.StartError) {
        self.fleet = fleet
        let environment = ProcessInfo.processInfo.environment
        do throws(TransportError) {
            let transport = try CurlTransport(
                CurlTransport.Options(
                    userAgent: Version.userAgent, caFile: network.caFile, proxies: ProxyRules(network),
                    proxyCredentials: network.proxyCredentialsFile.map(ProxyCredentialsFile.init),
                    maximumIdleConnections: Self.connections, maximumConnections: Self.connections,
                    maximumBodyBytes: 32 << 20))
            let address = S3Address(
                bucket: fleet.log.bucket, prefix: fleet.log.prefix, endpoint: fleet.log.endpoint?.description,
                isPathStyle: fleet.log.pathStyle, region: fleet.log.region)
            let client = S3Client(
                address, settingsName: "fleet.log", transport: transport,
                credentials: AutomaticCredentials.source(
                    fleet.log.credentials, secretFile: fleet.secretFile, process: fleet.log.credentialProcess,
                    transport: transport, environment: environment, region: address.region), logger: logger)
            seals = SealLog(
                client, encryption: fleet.log.serverSideEncryption?.rawValue, host: fleet.host, logger: logger)
            switch fleet.lease.type {
            case .etcd:
                store = EtcdLeaseStore(
                    transport: try CurlTransport(
                        CurlTransport.Options(
                            userAgent: Version.userAgent, caFile: fleet.lease.caFile ?? network.caFile,
                            clientCertificate: fleet.lease.certificateFile.map {
                                CurlTransport.ClientCertificate(file: $0, keyFile: fleet.lease.keyFile ?? $0)
                            }, maximumIdleConnections: 8, maximumConnections: 8)),
                    endpoints: fleet.lease.endpoints.map(\.description), fleet: fleet.name.text, host: fleet.host,
                    ttl: fleet.lease.ttl.duration)
            case .s3:
                throw TransportError(.invalidRequest, host: "s3", detail: "not yet")
            }
        } catch {
            throw .configuration(error.description)
        }
    }

    /// Tries the bucket out, and returns the id of the fleet's spool.
    func spoolID() async throws(Daemon.StartError) -> [UInt8] {
        do throws(FleetSpoolProblem) {
            return try await seals.open(fleet: fleet.name.text)
        } catch {
            switch error {
            case .notYet(let words): throw .fleet(words)
            case .refused(let words): throw .configuration(words)
            }
        }
    }
}

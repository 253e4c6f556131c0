import Configuration
import CurlHTTPClient
import FoundationEssentials
import Logging

/// Makes a destination from its configuration.
package struct DestinationFactory: Sendable {
    private let environment: [String: String]
    private let userAgent: String
    private let logger: Logger

    package init(environment: [String: String], userAgent: String, logger: Logger) {
        self.environment = environment
        self.userAgent = userAgent
        self.logger = logger
    }

    /// Makes a destination that is ready to deliver. This method sends nothing.
    ///
    /// - Throws: a message about a setting that can't be used, such as a CA file.
    package func make(
        _ destination: Configuration.Destination, network: Configuration.Network
    ) throws(DestinationProblem) -> any Destination {
        switch destination.type {
        case .exec:
            return ExecDestination(
                name: destination.name.text, command: destination.command, timeout: destination.timeout.duration)
        case .http:
            return HTTPDestination(
                service(destination), transport: try transport(network, connections: destination.concurrency),
                secretFile: destination.secretFile, requestBytes: destination.requestBytes.bytes,
                timeout: destination.timeout.duration)
        case .s3:
            let transport = try transport(network, connections: destination.concurrency)
            let address = S3Address(
                bucket: destination.bucket ?? "", prefix: destination.prefix,
                endpoint: destination.endpoint?.description, isPathStyle: destination.pathStyle,
                region: destination.region)
            return S3Destination(
                S3Destination.Settings(
                    address: address, encryption: destination.serverSideEncryption?.rawValue, form: form(destination)),
                transport: transport,
                credentials: AutomaticCredentials.source(
                    destination.credentials, secretFile: destination.secretFile,
                    process: destination.credentialProcess, transport: transport, environment: environment,
                    region: address.region),
                logger: logger)
        }
    }

    private func form(_ destination: Configuration.Destination) -> S3Form {
        guard destination.format == .parquet else { return .segments }
        let layout =
            destination.layout == .securityLake
            ? SecurityLakeLayout(
                region: destination.region ?? "us-east-1", account: destination.accountID ?? "",
                source: destination.sourcePrefix) : nil
        return .parquet(ParquetForm(python: destination.python, layout: layout))
    }

    private func service(_ destination: Configuration.Destination) -> any RecordService {
        let url = destination.url?.description ?? ""
        switch destination.protocol {
        case .clickhouse:
            return ClickHouseService(url: url, table: destination.table ?? "", user: destination.user ?? "default")
        case .splunk:
            return SplunkService(
                url: url, index: destination.index.map { IndexName($0) }, channel: UUID().uuidString)
        case .elasticsearch, nil:
            return ElasticsearchService(url: url, index: IndexName(destination.index ?? ""), user: destination.user)
        }
    }

    private func transport(
        _ network: Configuration.Network, connections: Int
    ) throws(DestinationProblem) -> CurlTransport {
        do throws(TransportError) {
            return try CurlTransport(
                CurlTransport.Options(
                    userAgent: userAgent, caFile: network.caFile,
                    proxies: ProxyRules(
                        proxy: network.proxy?.text,
                        exceptions: network.noProxy.isEmpty ? nil : network.noProxy.map(\.text),
                        environment: environment),
                    proxyCredentials: network.proxyCredentialsFile.map(ProxyCredentialsFile.init),
                    // The requests for credentials need one more connection.
                    maximumIdleConnections: connections + 1, maximumConnections: connections + 1,
                    maximumBodyBytes: 4 << 20))
        } catch {
            throw DestinationProblem(description: error.description)
        }
    }
}

extension AutomaticCredentials {
    /// Makes the source of access keys that the setting `credentials` selects.
    ///
    /// - Parameters:
    ///   - secretFile: the file of a static access key.
    ///   - process: the command that prints an access key.
    package static func source(
        _ kind: DestinationCredentials, secretFile: String, process: [String],
        transport: any HTTPTransport, environment: [String: String], region: String
    ) -> any AWSCredentialSource {
        switch kind {
        case .static: StaticCredentials(path: secretFile)
        case .process: ProcessCredentials(command: process)
        case .container: ContainerCredentials(transport: transport, environment: environment)
        case .imds: InstanceCredentials(transport: transport, environment: environment)
        case .webIdentity: WebIdentityCredentials(transport: transport, environment: environment, region: region)
        case .auto:
            AutomaticCredentials(
                transport: transport, environment: environment, region: region, secretFile: secretFile)
        }
    }
}

/// Why a destination can't be used at all, as text for a person.
package struct DestinationProblem: Error, Sendable, CustomStringConvertible {
    package let description: String
}

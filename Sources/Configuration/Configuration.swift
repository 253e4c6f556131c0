import OktaAPI

/// Everything that `tributary.yaml` and `conf.d` say, checked and with its defaults filled in. It holds paths of
/// secrets, never secrets.
package struct Configuration: Sendable, Equatable {
    /// The files it was read from, in order.
    package var files: [String]
    /// Cursors and checkpoints; an absolute path.
    package var stateDirectory: String
    /// The daemon's status; an absolute path.
    package var runtimeDirectory: String
    package var spool: Spool
    package var record: Record
    package var myNetwork: MyNetwork
    package var network: Network
    /// In the order of the files.
    package var credentials: [Credential]
    /// In the order of the files.
    package var integrations: [Integration]
    /// What deserves attention but does not keep the daemon from running.
    package var warnings: [ConfigurationProblem]

    /// The settings under `spool`.
    package struct Spool: Sendable, Hashable {
        package var directory: String
        package var compression: Compression
        /// Uncompressed.
        package var segmentMaxBytes: ByteSize
        package var segmentMaxAge: ConfigurationDuration
        /// On disk; reached, collection pauses.
        package var maxBytes: ByteSize
        package var retention: Retention
    }

    /// The settings under `record`.
    package struct Record: Sendable, Hashable {
        package var rawData: Bool
        package var observables: Bool
        /// OCSF's profile `datetime`.
        package var datetime: Bool
        package var flattenUnmapped: Bool
        /// Paths of tables that win over the built-in one; a later one wins over an earlier one.
        package var catalogue: [String]
    }

    /// The settings under `my_network`.
    package struct MyNetwork: Sendable, Hashable {
        package var domains: [DomainName]
        package var ipRanges: [IPRange]
    }

    /// The settings under `network`.
    package struct Network: Sendable, Hashable {
        /// Nil: the system's.
        package var caFile: String?
        /// Nil: the environment's.
        package var proxy: ProxyURL?
    }

    /// One of `credentials`.
    package struct Credential: Sendable, Hashable {
        package var name: Name
        package var description: String?
        package var type: CredentialType
        package var permissions: CredentialPermissions
        package var expires: CalendarDate?
        package var secretFile: String
        /// Always there with `.oauth`, never otherwise.
        package var clientID: String?
        package var keyID: String?
        /// Which kind of private key the file holds, in words; nil with `.apiToken`, and where it could not be read.
        package var keyKind: String?
    }

    /// One of `integrations`, with its credentials resolved.
    package struct Integration: Sendable, Hashable {
        package var name: Name
        package var description: String?
        package var url: OrgURL
        /// At least one of the two is there.
        package var dataIngest: DataIngest?
        package var responseAction: ResponseAction?
    }

    /// The settings under `data_ingest`.
    package struct DataIngest: Sendable, Hashable {
        package var credential: Credential
        package var pollInterval: ConfigurationDuration
        package var start: StartTime
        package var filter: String?
        package var rateLimitShare: RateShare
        /// 1…1000.
        package var pageSize: Int
    }

    /// The settings under `response_action`.
    package struct ResponseAction: Sendable, Hashable {
        /// Has `write`.
        package var credential: Credential
    }

    /// The integration of that name.
    package func integration(named name: String) -> Integration? {
        integrations.first { $0.name.text == name }
    }

    /// The credential of that name.
    package func credential(named name: String) -> Credential? {
        credentials.first { $0.name.text == name }
    }
}

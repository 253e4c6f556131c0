import FoundationEssentials
import OktaAPI

/// The whole content of `tributary.yaml` and `conf.d`, checked and with defaults filled in. It contains paths of
/// secrets, never secrets.
@dynamicMemberLookup
package struct Configuration: Sendable, Equatable {
    package typealias Spool = Section<SpoolKeys>
    package typealias Record = Section<RecordKeys>
    package typealias MyNetwork = Section<MyNetworkKeys>
    package typealias Network = Section<NetworkKeys>
    package typealias Metrics = Section<MetricsKeys>
    package typealias Response = Section<ResponseKeys>

    /// The files from which the configuration was read, in the order in which they were read.
    package var files: [String]
    package var directories: Section<DirectoryKeys>
    package var spool: Spool
    package var record: Record
    package var myNetwork: MyNetwork
    package var network: Network
    package var metrics: Metrics
    package var response: Response
    /// The credentials, in the order of the files.
    package var credentials: [Credential]
    /// The integrations, in the order of the files.
    package var integrations: [Integration]
    /// Integrations that have mistakes, and are therefore not used. Always empty if ``ConfigurationContext/mistakes`` is `.whole`, because Tributary
    /// then refuses the whole configuration.
    package var unusable: [UnusableIntegration] = []
    /// The destinations, in the order of the files.
    package var destinations: [Destination]
    /// Nil if this host does not belong to a fleet.
    package var fleet: Fleet? = nil
    /// Sections and top-level keys that have a mistake or could not be read. Their values in this object may differ from those in the file. Filled
    /// only if ``ConfigurationContext/mistakes`` is `.nothing`, so that Tributary accepts all mistakes.
    package var doubtful: Set<String> = []
    /// Problems that deserve attention but do not prevent the daemon from running.
    package var warnings: [ConfigurationProblem]

    /// The value of a key at the top of the file.
    package subscript<Value>(dynamicMember key: KeyPath<DirectoryKeys, ConfigurationKey<Value>>) -> Value {
        directories[dynamicMember: key]
    }

    /// A credential: one item of the list `credentials`.
    @dynamicMemberLookup
    package struct Credential: Sendable, Hashable {
        package var settings: Section<CredentialKeys>
        /// The secret's path: the configured one, or the path at which the unit provides the secret.
        package var secretFile: String
        /// The kind of private key in the file, in words. Nil with `.apiToken`, and if the private key could not be read.
        package var keyKind: String?

        package subscript<Value>(dynamicMember key: KeyPath<CredentialKeys, ConfigurationKey<Value>>) -> Value {
            settings[dynamicMember: key]
        }
    }

    /// An integration: one item of the list `integrations`, with the credentials to which it refers.
    @dynamicMemberLookup
    package struct Integration: Sendable, Hashable {
        package var settings: Section<IntegrationKeys>
        /// Nil if the integration has no `data_ingest`. It then has `response_action`.
        package var dataIngest: DataIngest?
        /// Nil if the integration has no `response_action`. It then has `data_ingest`.
        package var responseAction: ResponseAction?

        /// Whether the daemon collects the integration's log: the integration has `data_ingest`, and is not paused.
        package var isCollected: Bool { dataIngest != nil && !settings.paused }

        package subscript<Value>(dynamicMember key: KeyPath<IntegrationKeys, ConfigurationKey<Value>>) -> Value {
            settings[dynamicMember: key]
        }
    }

    /// An integration that can't be used because of mistakes, or a file of integrations that can't be read.
    package struct UnusableIntegration: Sendable, Equatable {
        /// The integration's name. If the name can't be read, or an earlier integration has the same name, this is the integration's position instead
        /// (`FILE:LINE:COL`). For a file that can't be read, this is the file's path.
        package var name: String
        /// The org's address; nil if it can't be read.
        package var org: String?
        /// Why the integration can't be used: at least one problem.
        package var problems: [ConfigurationProblem]
    }

    /// The settings under `data_ingest`.
    @dynamicMemberLookup
    package struct DataIngest: Sendable, Hashable {
        package var settings: Section<DataIngestKeys>
        package var credential: Credential

        package subscript<Value>(dynamicMember key: KeyPath<DataIngestKeys, ConfigurationKey<Value>>) -> Value {
            settings[dynamicMember: key]
        }
    }

    /// The settings under `response_action`.
    package struct ResponseAction: Sendable, Hashable {
        package var settings: Section<ResponseActionKeys>
        /// The credential, which has the permission `write`.
        package var credential: Credential
    }

    /// A destination: one item of the list `destinations`.
    @dynamicMemberLookup
    package struct Destination: Sendable, Hashable {
        package var settings: Section<DestinationKeys>
        /// The file that contains the destination's secret: the configured path, or the path at which the unit provides the file.
        package var secretFile: String

        package subscript<Value>(dynamicMember key: KeyPath<DestinationKeys, ConfigurationKey<Value>>) -> Value {
            settings[dynamicMember: key]
        }
    }

    /// The section `fleet`.
    @dynamicMemberLookup
    package struct Fleet: Sendable, Hashable {
        package var settings: Section<FleetKeys>
        /// This host's name in the fleet: the configured one, otherwise the system's host name.
        package var host: String
        /// The bucket that is the fleet's spool.
        package var log: Section<FleetLogKeys>
        /// The file that contains the bucket's access key, used with `credentials: static` or `auto`: the configured path, or the path at which the
        /// unit provides the file.
        package var secretFile: String
        /// How the hosts agree on which host collects each integration.
        package var lease: Section<FleetLeaseKeys>

        package subscript<Value>(dynamicMember key: KeyPath<FleetKeys, ConfigurationKey<Value>>) -> Value {
            settings[dynamicMember: key]
        }
    }

    /// The absolute path of the main configuration file, which is the first of `files`.
    package var mainFile: String {
        let file = files.first ?? ""
        return file.hasPrefix("/") ? file : FileManager.default.currentDirectoryPath + "/" + file
    }

    /// The destination with this name.
    package func destination(named name: String) -> Destination? {
        destinations.first { $0.name.text == name }
    }

    /// The integration with this name.
    package func integration(named name: String) -> Integration? {
        integrations.first { $0.name.text == name }
    }

    /// The credential with this name.
    package func credential(named name: String) -> Credential? {
        credentials.first { $0.name.text == name }
    }
}

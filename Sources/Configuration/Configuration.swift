import OktaAPI

/// Everything that `tributary.yaml` and `conf.d` say, checked and with its defaults filled in. It holds paths of
/// secrets, never secrets.
@dynamicMemberLookup
package struct Configuration: Sendable, Equatable {
    package typealias Spool = Section<SpoolKeys>
    package typealias Record = Section<RecordKeys>
    package typealias MyNetwork = Section<MyNetworkKeys>
    package typealias Network = Section<NetworkKeys>
    package typealias Metrics = Section<MetricsKeys>

    /// The files it was read from, in order.
    package var files: [String]
    package var directories: Section<DirectoryKeys>
    package var spool: Spool
    package var record: Record
    package var myNetwork: MyNetwork
    package var network: Network
    package var metrics: Metrics
    /// In the order of the files.
    package var credentials: [Credential]
    /// In the order of the files.
    package var integrations: [Integration]
    /// Integrations that are left out because of mistakes in them; empty unless ``ConfigurationContext/mistakes`` allows it.
    package var unusable: [UnusableIntegration] = []
    /// In the order of the files.
    package var destinations: [Destination]
    /// What deserves attention but does not keep the daemon from running.
    package var warnings: [ConfigurationProblem]

    /// The keys at the top of the file.
    package subscript<Value>(dynamicMember key: KeyPath<DirectoryKeys, ConfigurationKey<Value>>) -> Value {
        directories[dynamicMember: key]
    }

    /// One of `credentials`.
    @dynamicMemberLookup
    package struct Credential: Sendable, Hashable {
        package var settings: Section<CredentialKeys>
        /// As set, or where systemd puts it.
        package var secretFile: String
        /// Which kind of private key the file holds, in words; nil with `.apiToken`, and where it could not be read.
        package var keyKind: String?

        package subscript<Value>(dynamicMember key: KeyPath<CredentialKeys, ConfigurationKey<Value>>) -> Value {
            settings[dynamicMember: key]
        }
    }

    /// One of `integrations`, with its credentials resolved.
    @dynamicMemberLookup
    package struct Integration: Sendable, Hashable {
        package var settings: Section<IntegrationKeys>
        /// At least one of the two is there.
        package var dataIngest: DataIngest?
        package var responseAction: ResponseAction?

        /// Whether the daemon collects its log: it is to be ingested, and not paused.
        package var isCollected: Bool { dataIngest != nil && !settings.paused }

        package subscript<Value>(dynamicMember key: KeyPath<IntegrationKeys, ConfigurationKey<Value>>) -> Value {
            settings[dynamicMember: key]
        }
    }

    /// An integration that can't be used as it is written.
    package struct UnusableIntegration: Sendable, Equatable {
        /// Its name, or the place where it stands if its name can't be read or is another's; for a file that can't be read, the file.
        package var name: String
        /// The org's address; nil if it can't be read.
        package var org: String?
        /// At least one.
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
        /// Has `write`.
        package var credential: Credential
    }

    /// One of `destinations`.
    @dynamicMemberLookup
    package struct Destination: Sendable, Hashable {
        package var settings: Section<DestinationKeys>
        /// Where the credential of an `s3` destination is: as set, or where systemd puts it.
        package var secretFile: String

        package subscript<Value>(dynamicMember key: KeyPath<DestinationKeys, ConfigurationKey<Value>>) -> Value {
            settings[dynamicMember: key]
        }
    }

    /// The destination of that name.
    package func destination(named name: String) -> Destination? {
        destinations.first { $0.name.text == name }
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

import OktaAPI

/// Every key that the configuration has, with its type, default and explanation: the one place where they are
/// written down.
///
/// To add a key, add a property here, a field in the model that takes it, and the line in `config/tributary.yaml` (a
/// test asks for it).
package struct ConfigurationKeys: Sendable {
    package static let shared = ConfigurationKeys()

    // MARK: Directories

    let stateDirectory = ConfigurationKey<String>(
        "state_directory", .path, default: .described("$STATE_DIRECTORY, else /var/lib/tributary"),
        "Where cursors and checkpoints are kept.")
    let runtimeDirectory = ConfigurationKey<String>(
        "runtime_directory", .path, default: .described("$RUNTIME_DIRECTORY, else /run/tributary"),
        "Where the running daemon puts its status.")

    // MARK: Spool

    let spoolDirectory = ConfigurationKey<String>(
        "spool.directory", .path, default: .described("/var/lib/tributary/spool"),
        "Where sealed segments appear for loaders.")
    let spoolCompression = ConfigurationKey<Configuration.Compression>(
        "spool.compression", .word(), default: .value("zstd"), "How segments are compressed: zstd, gzip or none.")
    let spoolSegmentMaxBytes = ConfigurationKey<ByteSize>(
        "spool.segment_max_bytes", .size(1 << 10, 4 << 30), default: .value("64MiB"),
        "A segment is sealed when it holds this much, uncompressed; from 1KiB to 4GiB.")
    let spoolSegmentMaxAge = ConfigurationKey<ConfigurationDuration>(
        "spool.segment_max_age", .duration(1, 86_400), default: .value("5m"),
        "A segment is sealed at this age at the latest; from 1s to 1d.")
    let spoolMaxBytes = ConfigurationKey<ByteSize>(
        "spool.max_bytes", .size(64 << 10, 1 << 60), default: .value("20GiB"),
        "When the spool holds this much, collection pauses; nothing is dropped.")
    let spoolRetention = ConfigurationKey<Configuration.Retention>(
        "spool.retention", .retention, default: .value("never"),
        "When sealed segments are deleted: never, a duration counted from sealing, or acknowledged, which is as soon as all loaders have them."
    )

    // MARK: Records

    let recordRawData = ConfigurationKey<Bool>(
        "record.raw_data", .flag, default: .value("true"), "Keep the event as Okta sent it inside the record.")
    let recordObservables = ConfigurationKey<Bool>(
        "record.observables", .flag, default: .value("true"), "List addresses, users and names in observables.")
    let recordDatetime = ConfigurationKey<Bool>(
        "record.datetime", .flag, default: .value("false"),
        "Say each time in words too, beside the milliseconds: OCSF's profile datetime.")
    let recordFlattenUnmapped = ConfigurationKey<Bool>(
        "record.flatten_unmapped", .flag, default: .value("false"),
        "Make each object in unmapped one text, for stores with fixed columns.")
    let recordCatalogue = ConfigurationListKey<String>(
        "record.catalogue", listOf: .path,
        "Tables of your own from event type to class; they win over the built-in one.")

    // MARK: My domains and IPs

    let myDomains = ConfigurationListKey<DomainName>(
        "my_network.domains", listOf: .domain, "Your organisation's domains, their subdomains included.")
    let myIPRanges = ConfigurationListKey<IPRange>(
        "my_network.ip_ranges", listOf: .ipRange,
        "Your organisation's addresses, on top of the private and link-local ranges.")

    // MARK: Network

    let networkCAFile = ConfigurationKey<String>(
        "network.ca_file", .path, default: .described("the system's"), "Certificates to trust, in PEM.")
    let networkProxy = ConfigurationKey<ProxyURL>(
        "network.proxy", .proxy, default: .described("the environment's"), "An HTTP proxy, as http://HOST:PORT.")

    // MARK: Credentials

    let credentialName = ConfigurationKey<Name>(
        "credentials[].name", .name, default: .required, "What integrations call the credential by.")
    let credentialDescription = ConfigurationKey<String>(
        "credentials[].description", .text, "For people.")
    let credentialType = ConfigurationKey<CredentialType>(
        "credentials[].type", .word(), default: .value("api_token"), "api_token, or oauth for a service app.")
    let credentialPermissions = ConfigurationKey<CredentialPermissions>(
        "credentials[].permissions", .word(), default: .value("read"),
        "read for ingestion; a response action needs write.")
    let credentialExpires = ConfigurationKey<CalendarDate>(
        "credentials[].expires", .date, "The last day it is good for; you are warned two weeks before.")
    let credentialSecretFile = ConfigurationKey<String>(
        "credentials[].secret_file", .path, default: .described("$CREDENTIALS_DIRECTORY/NAME"),
        "The file that holds the token or the private key, and nothing else.")
    let credentialClientID = ConfigurationKey<String>(
        "credentials[].client_id", .identifier, "With type oauth: the service app's client ID.")
    let credentialKeyID = ConfigurationKey<String>(
        "credentials[].key_id", .identifier, "With type oauth: the key's kid, where the app has several.")

    // MARK: Integrations

    let integrationName = ConfigurationKey<Name>(
        "integrations[].name", .name, default: .required, "Names the integration in status, journal and spool.")
    let integrationDescription = ConfigurationKey<String>(
        "integrations[].description", .text, "For people.")
    let integrationURL = ConfigurationKey<OrgURL>(
        "integrations[].url", .orgURL, default: .required, "The org's address.")
    let ingestCredential = ConfigurationKey<Name>(
        "integrations[].data_ingest.credential", .name, default: .required, "The credential to read the log with.")
    let ingestPollInterval = ConfigurationKey<ConfigurationDuration>(
        "integrations[].data_ingest.poll_interval", .duration(1, 3600), default: .value("15s"),
        "How long to wait when caught up; from 1s to 1h.")
    let ingestStart = ConfigurationKey<StartTime>(
        "integrations[].data_ingest.start", .startTime, default: .value("7d"),
        "Where a first run begins: a duration back, an RFC 3339 time, or now.")
    let ingestFilter = ConfigurationKey<String>(
        "integrations[].data_ingest.filter", .filter, "An Okta filter expression; without it, every event.")
    let ingestRateLimitShare = ConfigurationKey<RateShare>(
        "integrations[].data_ingest.rate_limit_share", .share, default: .value("0.5"),
        "The share of the org's /api/v1/logs budget to use; above 0, up to 1.")
    let ingestPageSize = ConfigurationKey<Int>(
        "integrations[].data_ingest.page_size", .number(1...1000), default: .value("1000"),
        "How many events to ask for at once; from 1 to 1000.")
    let responseCredential = ConfigurationKey<Name>(
        "integrations[].response_action.credential", .name, default: .required,
        "The credential to act with; it needs write.")

    private init() {}

    /// All of them, in the order of declaration.
    package static let all: [KeyDescription] = Mirror(reflecting: shared).children.compactMap { child in
        (child.value as? any DescribedKey)?.description
    }
}

/// What the list of all keys is made from.
protocol DescribedKey {
    var description: KeyDescription { get }
    /// Reads the literal default and drops the result.
    func readDefault() throws(ValueError)
}

extension ConfigurationKey: DescribedKey {
    func readDefault() throws(ValueError) {
        if case .value(let text) = description.fallback { _ = try kind.parse(text) }
    }
}

extension ConfigurationListKey: DescribedKey {
    func readDefault() throws(ValueError) {}
}

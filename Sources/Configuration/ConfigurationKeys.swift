import OktaAPI

// Every key of the configuration, each declared once. The keys of the section `fleet` are declared in Keys/FleetKeys.swift, all others here.
//
// To add a key, declare it here, add it to `config/tributary.yaml` (a test checks that), use it where `CONTRIBUTING.md` says, and run `make docs`. No
// test notices a key that nothing uses.

extension Configuration {
    /// The keys at the top of the file.
    package struct DirectoryKeys: ConfigurationSection {
        package static let shared = Self()

        package let stateDirectory = ConfigurationKey<String>(
            "state_directory", .path, default: .environment("STATE_DIRECTORY", else: "/var/lib/tributary"), .atRestart,
            "The directory for the daemon's state: cursors and unsealed records.")
        package let runtimeDirectory = ConfigurationKey<String>(
            "runtime_directory", .path, default: .environment("RUNTIME_DIRECTORY", else: "/run/tributary"), .atRestart,
            "The directory for the running daemon's status.")
        package let deliveryDirectory = ConfigurationKey<String>(
            "delivery_directory", .path, default: .value("/run/tributary-deliver"), .atRestart,
            "The directory in which each delivery keeps its status, in a subdirectory with the destination's name.")
    }

    /// The keys under `spool`.
    package struct SpoolKeys: ConfigurationSection {
        package static let shared = Self()

        // The default is not below $STATE_DIRECTORY: with DynamicUser= only the daemon may enter that directory, but loaders must reach the spool.
        package let directory = ConfigurationKey<String>(
            "spool.directory", .path, default: .value("/var/lib/tributary/spool"), .atRestart,
            "The directory in which loaders find sealed segments."
        ) { $0 }
        package let compression = ConfigurationKey<Compression>(
            "spool.compression", .word(), default: .value("zstd"), .whileRunning,
            "How segments are compressed: \(Compression.allCases.map(\.rawValue).alternatives)."
        ) { $0 == .none ? "not compressed" : $0.rawValue }
        package let segmentMaxBytes = ConfigurationKey<ByteSize>(
            "spool.segment_max_bytes", .size(1 << 10, 4 << 30), default: .value("64MiB"), .whileRunning,
            "A segment is sealed when it reaches this uncompressed size; from 1KiB to 4GiB."
        ) { "segments of up to \($0)" }
        package let segmentMaxAge = ConfigurationKey<ConfigurationDuration>(
            "spool.segment_max_age", .duration(1, 86_400), default: .value("5m"), .whileRunning,
            "A segment is sealed at this age even if it is small; from 1s to 1d. An integration's first segments are sealed after at most 30 s."
        ) { "sealed after \($0)" }
        package let maxBytes = ConfigurationKey<ByteSize>(
            "spool.max_bytes", .size(64 << 10, 1 << 60), default: .value("20GiB"), .whileRunning,
            "When the spool reaches this size, collection pauses; nothing is dropped."
        ) { "collection pauses at \($0)" }
        package let retention = ConfigurationKey<Retention>(
            "spool.retention", .retention, default: .value("never"), .whileRunning,
            "When Tributary deletes sealed segments. “never”: not at all. An age such as “30d”: this long after sealing, but not before every registered loader has acknowledged them. “acknowledged”: as soon as every registered loader has acknowledged them; not at all if no loader is registered. A configured destination counts as a registered loader."
        ) { $0.words }
    }

    /// The keys under `record`.
    package struct RecordKeys: ConfigurationSection {
        package static let shared = Self()

        package let schemaVersion = ConfigurationKey<SchemaVersion>(
            "record.schema_version", .schemaVersion, default: .value("1.8.0"), .atRestart,
            "The OCSF version of the records: \(SchemaVersion.allCases.reversed().map(\.rawValue).alternatives)."
        ) { "OCSF \($0.rawValue)" }
        package let rawData = ConfigurationKey<Bool>(
            "record.raw_data", .flag, default: .value("true"), .whileRunning,
            "Include the event, as Okta sent it, in the record."
        ) { "raw data \($0 ? "on" : "off")" }
        package let observables = ConfigurationKey<Bool>(
            "record.observables", .flag, default: .value("true"), .whileRunning,
            "List addresses, users and names in the record's “observables” attribute."
        ) { "observables \($0 ? "on" : "off")" }
        package let datetime = ConfigurationKey<Bool>(
            "record.datetime", .flag, default: .value("false"), .whileRunning,
            "Also write times as text, in addition to milliseconds (OCSF's “datetime” profile)."
        ) { $0 ? "with datetime" : nil }
        package let flattenUnmapped = ConfigurationKey<Bool>(
            "record.flatten_unmapped", .flag, default: .value("false"), .whileRunning,
            "Write each member of the record's “unmapped” object as text, for stores with fixed columns."
        ) { $0 ? "unmapped as text" : nil }
        package let catalogue = ConfigurationKey<[String]>(
            "record.catalogue", listOf: .path, .whileRunning,
            "Your own tables that map event types to classes; they override the built-in table.")
    }

    /// The keys under `my_network`.
    package struct MyNetworkKeys: ConfigurationSection {
        package static let shared = Self()

        package let domains = ConfigurationKey<[DomainName]>(
            "my_network.domains", listOf: .domain, .whileRunning,
            "Your organization's domains; subdomains are included."
        ) { $0.text }
        package let ipRanges = ConfigurationKey<[IPRange]>(
            "my_network.ip_ranges", listOf: .ipRange, .whileRunning,
            "Your organization's addresses, in addition to the private and link-local ranges."
        ) { $0.text }
    }

    /// The keys under `network`.
    package struct NetworkKeys: ConfigurationSection {
        package static let shared = Self()

        package let caFile = ConfigurationKey<String?>(
            "network.ca_file", optional: .path, described: "the system's", .atRestart,
            "Certificates to trust, in PEM."
        ) { $0.map { "CA file \($0)" } }
        package let proxy = ConfigurationKey<ProxyURL?>(
            "network.proxy", optional: .proxy, described: "the environment's", .atRestart,
            "An HTTP proxy, as http://HOST:PORT."
        ) { $0.map { "proxy \($0)" } }
        package let proxyCredentialsFile = ConfigurationKey<String?>(
            "network.proxy_credentials_file", optional: .path, .atRestart,
            "A file that contains only user:password for the proxy."
        ) { $0.map { "the proxy's user and password in \($0)" } }
        package let noProxy = ConfigurationKey<[ProxyException]>(
            "network.no_proxy", listOf: .proxyException, described: "the environment's", .atRestart,
            "Hosts that are reached without the proxy."
        ) { $0.text.map { "no proxy for \($0)" } }
    }

    /// The keys under `metrics`.
    package struct MetricsKeys: ConfigurationSection {
        package static let shared = Self()

        package let listen = ConfigurationKey<ListenAddress?>(
            "metrics.listen", optional: .listenAddress, .atRestart,
            "The address of the status page, the metrics and the health checks, for programs on this host only: a loopback address with a port, or unix:PATH."
        ) { $0.map { "status page and metrics at \($0)" } }
        package let textfile = ConfigurationKey<String?>(
            "metrics.textfile", optional: .path, .atRestart,
            "A file for node_exporter's textfile collector. Tributary writes the metrics to it every 15s. The file's name must end in .prom."
        ) { $0.map { "metrics in \($0)" } }
    }

    /// The keys under `response`: limits of the response actions, and paths of their helper.
    package struct ResponseKeys: ConfigurationSection {
        package static let shared = Self()

        package let protectedUsers = ConfigurationKey<[String]>(
            "response.protected_users", listOf: .oktaUser, .whileRunning,
            "Users on whom no response action is allowed, even with --force, such as break-glass accounts. Write logins, e-mail addresses or ids."
        ) { $0.isEmpty ? nil : "protected: \($0.joined(separator: " "))" }
        package let usersPerHour = ConfigurationKey<Int>(
            "response.users_per_hour", .number(1...100_000), default: .value("20"), .whileRunning,
            "The maximum number of users on whom actions are allowed within an hour without --force; from 1 to 100000."
        ) { "up to \($0) users an hour" }
        package let logDirectory = ConfigurationKey<String>(
            "response.log_directory", .path, default: .value("/var/lib/tributary-respond/log"), .atRestart,
            "The directory in which the helper of the response actions records each action; the daemon collects the records."
        ) { _ in nil }
        package let socket = ConfigurationKey<String>(
            "response.socket", .path, default: .value("/run/tributary-respond/socket"), .atRestart,
            "The Unix socket on which the helper of the response actions accepts requests."
        ) { _ in nil }
    }

    /// The keys of one item of `credentials`.
    package struct CredentialKeys: ConfigurationSection {
        package static let shared = Self()

        package let name = ConfigurationKey<Name>(
            "credentials[].name", .name, default: .required, .whileRunning,
            "The name by which integrations refer to the credential."
        ) { _ in nil }
        package let description = ConfigurationKey<String?>(
            "credentials[].description", optional: .text, .whileRunning, "A description for people."
        ) { _ in nil }
        package let type = ConfigurationKey<CredentialType>(
            "credentials[].type", .word(), default: .value("api_token"), .whileRunning,
            "api_token for an API token, or oauth for a service app."
        ) { _ in nil }
        package let permissions = ConfigurationKey<CredentialPermissions>(
            "credentials[].permissions", .word(), default: .value("read"), .whileRunning,
            "What the credential may do. To collect the log, “read” is enough; response actions need “write”."
        ) { $0.rawValue }
        package let expires = ConfigurationKey<CalendarDate?>(
            "credentials[].expires", optional: .date, .whileRunning,
            "The last day on which the credential is valid. Tributary warns you 30, 7 and 1 days before.")
        package let secretFile = ConfigurationKey<String?>(
            "credentials[].secret_file", optional: .path,
            described: "the unit's copy of /etc/tributary/credentials/NAME", .whileRunning,
            "A file that contains only the token or the private key."
        ) { _ in nil }
        package let clientID = ConfigurationKey<String?>(
            "credentials[].client_id", optional: .clientID, .whileRunning,
            "With type oauth: the service app's client ID.")
        package let keyID = ConfigurationKey<String?>(
            "credentials[].key_id", optional: .identifier, .whileRunning,
            "With type oauth: the key's ID (kid), if the app has several keys.")
    }

    /// The keys of one item of `integrations`.
    package struct IntegrationKeys: ConfigurationSection {
        package static let shared = Self()

        package let name = ConfigurationKey<Name>(
            "integrations[].name", .name, default: .required, .whileRunning,
            "The integration's name in the status, the journal and the spool."
        ) { _ in nil }
        package let description = ConfigurationKey<String?>(
            "integrations[].description", optional: .text, .whileRunning, "A description for people."
        ) { _ in nil }
        package let url = ConfigurationKey<OrgURL>(
            "integrations[].url", .orgURL, default: .required, .whileRunning, "The org's address."
        ) { _ in nil }
        package let paused = ConfigurationKey<Bool>(
            "integrations[].paused", .flag, default: .value("false"), .whileRunning,
            "Pause collection. Tributary keeps the integration's place in the log, and its collected events."
        ) { $0 ? "paused" : nil }
    }

    /// The keys under `data_ingest` of an integration.
    package struct DataIngestKeys: ConfigurationSection {
        package static let shared = Self()

        package let credential = ConfigurationKey<Name>(
            "integrations[].data_ingest.credential", .name, default: .required, .whileRunning,
            "The credential for reading the log."
        ) { "ingests with \($0)" }
        package let pollInterval = ConfigurationKey<ConfigurationDuration>(
            "integrations[].data_ingest.poll_interval", .duration(1, 3600), default: .value("15s"), .whileRunning,
            "How long to wait before the next request when all events have been collected; from 1s to 1h."
        ) { "every \($0)" }
        package let start = ConfigurationKey<StartTime>(
            "integrations[].data_ingest.start", .startTime, default: .value("7d"), .whileRunning,
            "Where in the log the first run begins: a duration before now, an RFC 3339 time, or now."
        ) { "first run from \($0)" }
        package let filter = ConfigurationKey<String?>(
            "integrations[].data_ingest.filter", optional: .filter, .whileRunning,
            "An Okta filter expression; without it, every event is collected."
        ) { $0.map { "filter: \($0)" } }
        package let rateLimitShare = ConfigurationKey<RateShare>(
            "integrations[].data_ingest.rate_limit_share", .share, default: .value("0.5"), .whileRunning,
            "The share of the org's rate limit for /api/v1/logs that Tributary may use; above 0, up to 1."
        ) { "\($0) of the rate limit" }
        package let pageSize = ConfigurationKey<Int>(
            "integrations[].data_ingest.page_size", .number(1...1000), default: .value("1000"), .whileRunning,
            "The number of events per request; from 1 to 1000."
        ) { "pages of \($0)" }
    }

    /// The keys under `response_action` of an integration.
    package struct ResponseActionKeys: ConfigurationSection {
        package static let shared = Self()

        package let credential = ConfigurationKey<Name>(
            "integrations[].response_action.credential", .name, default: .required, .whileRunning,
            "The credential for response actions; it needs “permissions: write”."
        ) { "acts with \($0)" }
    }

    /// The keys of one item of `destinations`.
    package struct DestinationKeys: ConfigurationSection {
        package static let shared = Self()

        package let name = ConfigurationKey<Name>(
            "destinations[].name", .name, default: .required, .whileRunning,
            "The destination's name in commands, the status, the journal and acknowledgements."
        ) { _ in nil }
        package let description = ConfigurationKey<String?>(
            "destinations[].description", optional: .text, .whileRunning, "A description for people."
        ) { _ in nil }
        package let type = ConfigurationKey<DestinationType>(
            "destinations[].type", .word(), default: .required, .whileRunning,
            "s3 for object storage, http for a search engine or a database, exec for your own command."
        ) { _ in nil }
        package let concurrency = ConfigurationKey<Int>(
            "destinations[].concurrency", .number(1...16), default: .value("4"), .whileRunning,
            "The number of segments that are delivered at the same time; from 1 to 16."
        ) { "\($0) at once" }
        package let bucket = ConfigurationKey<String?>(
            "destinations[].bucket", optional: .bucket, .whileRunning, "With type s3: the bucket."
        ) { _ in nil }
        package let prefix = ConfigurationKey<String?>(
            "destinations[].prefix", optional: .objectPrefix, .whileRunning,
            "With type s3: the prefix of the keys of all objects; Tributary adds a slash after it."
        ) { _ in nil }
        package let region = ConfigurationKey<String?>(
            "destinations[].region", optional: .region, described: "us-east-1 if an endpoint is set", .whileRunning,
            "With type s3: the bucket's region.")
        package let endpoint = ConfigurationKey<EndpointURL?>(
            "destinations[].endpoint", optional: .endpoint, described: "Amazon S3", .whileRunning,
            "With type s3: the address of an S3-compatible store other than Amazon's."
        ) { _ in nil }
        package let pathStyle = ConfigurationKey<Bool?>(
            "destinations[].path_style", optional: .flag, described: "true if an endpoint is set", .whileRunning,
            "With type s3: put the bucket's name into the URL's path, not into its host name.")
        package let credentials = ConfigurationKey<DestinationCredentials>(
            "destinations[].credentials", .word(), default: .value("auto"), .whileRunning,
            "With type s3: where the access key comes from."
        ) { _ in nil }
        package let secretFile = ConfigurationKey<String?>(
            "destinations[].secret_file", optional: .path,
            described: "/run/tributary-credentials-deliver/NAME/secrets/NAME, else $CREDENTIALS_DIRECTORY/NAME",
            .whileRunning,
            "A file that contains only the secret. With type s3 and “credentials: static” or “auto”: the access key. With type http: the token or password."
        ) { _ in nil }
        package let credentialProcess = ConfigurationKey<[String]>(
            "destinations[].credential_process", listOf: .argument, .whileRunning,
            "With “credentials: process”: the command that prints an access key as JSON.")
        package let serverSideEncryption = ConfigurationKey<ServerSideEncryption?>(
            "destinations[].server_side_encryption", optional: .word(), described: "the bucket's", .whileRunning,
            "With type s3: the encryption that Tributary requests from the store.")
        package let format = ConfigurationKey<DestinationFormat>(
            "destinations[].format", .word(), default: .value("ndjson"), .whileRunning,
            "With type s3: ndjson for unchanged segments, parquet for Parquet files converted from them."
        ) { $0 == .ndjson ? nil : $0.rawValue }
        package let layout = ConfigurationKey<DestinationLayout>(
            "destinations[].layout", .word(), default: .value("hive"), .whileRunning,
            "With type s3: hive for the same paths as in the spool, security_lake for the paths of Amazon Security Lake's custom sources."
        ) { $0 == .hive ? nil : "layout \($0.rawValue)" }
        package let accountID = ConfigurationKey<String?>(
            "destinations[].account_id", optional: .account, .whileRunning,
            "With layout security_lake: the AWS account of the source, with 12 digits.")
        package let sourcePrefix = ConfigurationKey<String>(
            "destinations[].source_prefix", .source, default: .value("okta"), .whileRunning,
            "With layout security_lake: the prefix of each source's name; a hyphen and the class follow it."
        ) { _ in nil }
        package let python = ConfigurationKey<String>(
            "destinations[].python", .path, default: .value("/opt/tributary-parquet/bin/python"), .whileRunning,
            "With format parquet: a Python interpreter that has pyarrow."
        ) { _ in nil }
        package let command = ConfigurationKey<[String]>(
            "destinations[].command", listOf: .argument, .whileRunning,
            "With type exec: the absolute path of the program, and its arguments."
        ) { _ in nil }
        package let timeout = ConfigurationKey<ConfigurationDuration>(
            "destinations[].timeout", .duration(1, 86_400), default: .value("5m"), .whileRunning,
            "The time limit, from 1s to 1d. With type exec, it applies to the command for each segment; with type http, to each request."
        )
        package let `protocol` = ConfigurationKey<DestinationProtocol?>(
            "destinations[].protocol", optional: .word(), .whileRunning,
            "With type http: elasticsearch (also for OpenSearch), clickhouse or splunk (its HTTP Event Collector)."
        ) { _ in nil }
        package let url = ConfigurationKey<EndpointURL?>(
            "destinations[].url", optional: .endpoint, .whileRunning,
            "With type http: the server's address, without a path."
        ) { _ in nil }
        package let index = ConfigurationKey<String?>(
            "destinations[].index", optional: .index, described: "with splunk, the token's default", .whileRunning,
            "With protocol elasticsearch or splunk: the index; {integration}, {class} and {date} are replaced by the values of each segment."
        ) { _ in nil }
        package let table = ConfigurationKey<String?>(
            "destinations[].table", optional: .table, .whileRunning,
            "With protocol clickhouse: the table, as TABLE or DATABASE.TABLE; records are stored in its column “record”."
        ) { _ in nil }
        package let user = ConfigurationKey<String?>(
            "destinations[].user", optional: .user, .whileRunning,
            "With protocol clickhouse or elasticsearch: the user name that belongs to the password. With elasticsearch and no user, the secret is an API key."
        ) { $0.map { "user \($0)" } }
        package let requestBytes = ConfigurationKey<ByteSize>(
            "destinations[].request_bytes", .size(64 << 10, 16 << 20), default: .value("2MiB"), .whileRunning,
            "With type http: the largest body of a request; from 64KiB to 16MiB.")
    }

    /// All sections, in the order of the installed example.
    static let sections: [any ConfigurationSection.Type] = [
        DirectoryKeys.self, SpoolKeys.self, RecordKeys.self, MyNetworkKeys.self, NetworkKeys.self, MetricsKeys.self,
        ResponseKeys.self,
        CredentialKeys.self, IntegrationKeys.self, DataIngestKeys.self, ResponseActionKeys.self, DestinationKeys.self,
        FleetKeys.self, FleetLogKeys.self, FleetLeaseKeys.self,
    ]

    /// All keys, in the order of their declaration.
    package static let keys: [KeyDescription] = sections.flatMap { $0.declared.map(\.description) }

    /// Returns `text` in the form in which the configuration stores the value of the key at `path`. For example, `HTTPS://Acme-Admin.okta.com/`
    /// becomes `https://acme.okta.com`.
    ///
    /// - Throws: `ValueError`, which says what to write instead.
    package static func normalized(_ text: String, for path: String) throws(ValueError) -> String {
        for section in sections {
            for key in section.declared where key.description.path == path { return try key.normalizing(text) }
        }
        return text
    }
}

extension Configuration.Retention {
    fileprivate var words: String {
        switch self {
        case .never: "nothing is deleted"
        case .after(let age): "segments deleted after \(age)"
        case .acknowledged: "segments deleted once all registered loaders have acknowledged them"
        }
    }
}

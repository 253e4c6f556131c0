extension Configuration {
    /// The keys under `fleet`.
    package struct FleetKeys: ConfigurationSection {
        package static let shared = Self()

        package let name = ConfigurationKey<Name>(
            "fleet.name", .name, default: .required, .atRestart,
            "The fleet's name, which is the same on all its hosts."
        ) { _ in nil }
        package let host = ConfigurationKey<String?>(
            "fleet.host", optional: .fleetHost, described: "the system's host name", .atRestart,
            "This host's name, which no other host of the fleet may have."
        ) { _ in nil }
    }

    /// The keys under `fleet.log`: the bucket that is the fleet's spool.
    package struct FleetLogKeys: ConfigurationSection {
        package static let shared = Self()

        package let bucket = ConfigurationKey<String>(
            "fleet.log.bucket", .bucket, default: .required, .atRestart, "The bucket that is the fleet's spool."
        ) { _ in nil }
        package let prefix = ConfigurationKey<String?>(
            "fleet.log.prefix", optional: .objectPrefix, .atRestart,
            "The prefix of the keys of all objects; Tributary adds a slash after it."
        ) { _ in nil }
        package let region = ConfigurationKey<String?>(
            "fleet.log.region", optional: .region, described: "us-east-1 if an endpoint is set", .atRestart,
            "The bucket's region.")
        package let endpoint = ConfigurationKey<EndpointURL?>(
            "fleet.log.endpoint", optional: .endpoint, described: "Amazon S3", .atRestart,
            "The address of an S3-compatible store other than Amazon's."
        ) { _ in nil }
        package let pathStyle = ConfigurationKey<Bool?>(
            "fleet.log.path_style", optional: .flag, described: "true if an endpoint is set", .atRestart,
            "Put the bucket's name into the URL's path, not into its host name.")
        package let credentials = ConfigurationKey<DestinationCredentials>(
            "fleet.log.credentials", .word(), default: .value("auto"), .atRestart, "Where the access key comes from."
        ) { _ in nil }
        package let secretFile = ConfigurationKey<String?>(
            "fleet.log.secret_file", optional: .path,
            described: "the unit's copy of /etc/tributary/credentials/fleet-log", .atRestart,
            "With “credentials: static” or “auto”: a file that contains only the access key."
        ) { _ in nil }
        package let credentialProcess = ConfigurationKey<[String]>(
            "fleet.log.credential_process", listOf: .argument, .atRestart,
            "With “credentials: process”: the command that prints an access key as JSON.")
        package let serverSideEncryption = ConfigurationKey<ServerSideEncryption?>(
            "fleet.log.server_side_encryption", optional: .word(), described: "the bucket's", .atRestart,
            "The encryption that Tributary requests from the store.")
    }

    /// The keys under `fleet.lease`: how the hosts agree on which host collects each integration.
    package struct FleetLeaseKeys: ConfigurationSection {
        package static let shared = Self()

        package let type = ConfigurationKey<LeaseType>(
            "fleet.lease.type", .word(), default: .required, .atRestart,
            "With etcd, the hosts share the integrations. With s3, one host collects and the others are standbys; s3 needs only the bucket."
        ) { _ in nil }
        package let endpoints = ConfigurationKey<[EndpointURL]>(
            "fleet.lease.endpoints", listOf: .etcdEndpoint, .atRestart,
            "With type etcd: the addresses of up to 16 members of the cluster. The host tries one after another."
        ) { _ in nil }
        package let caFile = ConfigurationKey<String?>(
            "fleet.lease.ca_file", optional: .path, described: "the system's", .atRestart,
            "With type etcd: certificates to trust, in PEM."
        ) { $0.map { "CA file \($0)" } }
        package let certificateFile = ConfigurationKey<String?>(
            "fleet.lease.certificate_file", optional: .path, .atRestart,
            "With type etcd: the certificate with which this host authenticates to etcd, in PEM."
        ) { $0.map { "certificate \($0)" } }
        package let keyFile = ConfigurationKey<String?>(
            "fleet.lease.key_file", optional: .path, .atRestart,
            "With certificate_file: the certificate's private key, in PEM, without a passphrase."
        ) { $0.map { "its key \($0)" } }
        package let ttl = ConfigurationKey<ConfigurationDuration>(
            "fleet.lease.ttl", .duration(2, 300), default: .value("10s"), .atRestart,
            "If a host does not renew its lease for this time, other hosts take over; from 2s to 5m."
        ) { "leases expire after \($0)" }
    }
}

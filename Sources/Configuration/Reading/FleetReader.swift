import Glibc

extension ConfigurationBuilder {
    /// The maximum number of etcd members in a configuration.
    static let maximumEndpoints = 16
    /// The maximum number of integrations of a fleet.
    static let maximumIntegrations = 10_000

    /// The section `fleet`. Nil if there is no such section. Also nil if a part of it could not be read; the findings then say why.
    mutating func fleet() -> Configuration.Fleet? {
        guard settings.sections["fleet"] != nil else { return nil }
        if settings.items["integrations[]"]?.count ?? 0 > Self.maximumIntegrations {
            findings.error(
                at: place(of: "fleet"), key: "integrations",
                "there are more than \(Self.maximumIntegrations) integrations, too many for one fleet",
                hint: "divide the integrations between several fleets")
        }
        let own = SectionReading<Configuration.FleetKeys>(settings, context, into: &findings)
        let log = SectionReading<Configuration.FleetLogKeys>(settings, context, into: &findings).whole
        let lease = SectionReading<Configuration.FleetLeaseKeys>(settings, context, into: &findings).whole
        if let log { check(log) }
        if let lease { check(lease) }
        if case .scalar(let retention)? = settings.values["spool.retention"]?.node.value, retention != "never" {
            findings.warning(
                at: settings.place(of: "spool.retention"), key: "spool.retention",
                "spool.retention does not apply in a fleet, whose segments are in the bucket",
                hint: "use a lifecycle rule of the bucket to delete old segments; exclude objects below _tributary/")
        }
        let host = (own[\.host] ?? nil) ?? hostName(isSet: isSet(Configuration.FleetKeys.shared.host.path))
        guard let whole = own.whole, let log, let lease, let host else { return nil }
        let file = log.secretFile ?? CredentialReader.defaultSecretFile(Self.accessKeyName, context.environment)
        return Configuration.Fleet(settings: whole, host: host, log: log, secretFile: file, lease: lease)
    }

    /// The name under which the daemon's unit provides the bucket's access key.
    private static let accessKeyName = "fleet-log"

    private func isSet(_ path: String) -> Bool { settings.values[path].map { !$0.node.isNull } ?? false }

    private func place(of section: String) -> ConfigurationPlace {
        settings.sections[section] ?? settings.sections["fleet"] ?? settings.place
    }

    /// The system's host name, which is the default of `fleet.host`. Called if `fleet.host` has no valid value. If the key is set (`isSet`), its
    /// invalid value is already reported, and the result is nil. Also nil if a fleet can't use the system's host name; this method then reports a
    /// problem.
    private mutating func hostName(isSet: Bool) -> String? {
        guard !isSet else { return nil }
        var buffer = [CChar](repeating: 0, count: 256)
        let isKnown = gethostname(&buffer, buffer.count - 1) == 0
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let text = isKnown ? String(decoding: bytes, as: UTF8.self).lowercased() : ""
        do throws(ValueError) {
            return try ValueKind.fleetHost.parse(text)
        } catch {
            findings.error(
                at: place(of: "fleet"), key: Configuration.FleetKeys.shared.host.path,
                "the host name of this host can't be used in a fleet", hint: "set fleet.host to a valid name")
            return nil
        }
    }

    private mutating func check(_ log: Section<Configuration.FleetLogKeys>) {
        let keys = Configuration.FleetLogKeys.shared
        let place = place(of: "fleet.log")
        if log.region == nil, log.endpoint == nil {
            settings.require(
                keys.region.description, at: place, "the fleet's bucket has no endpoint", into: &findings)
        }
        settings.checkAccessKey(
            log.credentials, process: keys.credentialProcess, log.credentialProcess, secretFile: keys.secretFile,
            at: place, of: "the fleet's bucket", into: &findings)
    }

    private mutating func check(_ lease: Section<Configuration.FleetLeaseKeys>) {
        let keys = Configuration.FleetLeaseKeys.shared
        switch lease.type {
        case .etcd: checkEtcd(lease)
        case .s3:
            settings.refuse(
                [keys.endpoints.path, keys.caFile.path, keys.certificateFile.path, keys.keyFile.path],
                with: "type: \(lease.type.rawValue)", into: &findings)
        }
    }

    private mutating func checkEtcd(_ lease: Section<Configuration.FleetLeaseKeys>) {
        let keys = Configuration.FleetLeaseKeys.shared
        let place = place(of: "fleet.lease")
        if lease.endpoints.isEmpty {
            settings.require(keys.endpoints.description, at: place, "the lease has type etcd", into: &findings)
        }
        if lease.endpoints.count > Self.maximumEndpoints {
            findings.error(
                at: settings.place(of: keys.endpoints.path), key: keys.endpoints.path,
                "there are more than \(Self.maximumEndpoints) endpoints", hint: "list only some of etcd's members")
        }
        if lease.certificateFile != nil, lease.keyFile == nil {
            settings.require(keys.keyFile.description, at: place, "certificate_file is set", into: &findings)
        }
        if lease.keyFile != nil, lease.certificateFile == nil {
            settings.require(keys.certificateFile.description, at: place, "key_file is set", into: &findings)
        }
        for (key, file) in [(keys.caFile, lease.caFile), (keys.certificateFile, lease.certificateFile)] {
            if let file { checkReadable(file, at: settings.place(of: key.path), key: key.path) }
        }
        if let file = lease.caFile {
            checkCertificate(file, at: settings.place(of: keys.caFile.path), key: keys.caFile.path)
        }
        if let file = lease.keyFile { checkSecretFile(file, key: keys.keyFile.path, "the private key for etcd") }
    }
}

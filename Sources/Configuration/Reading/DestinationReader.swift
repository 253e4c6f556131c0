/// Reads the items of `destinations`.
///
/// Secrets of destinations are not checked: only the delivery's process reads them, and the collector has no permission to do so.
enum DestinationReader {
    /// The maximum number of destinations in a configuration.
    static let limit = 16
    private static let keys = Configuration.DestinationKeys.shared

    /// - Parameter fleet: the fleet, whose bucket no destination may use.
    static func read(
        _ items: [Settings], fleet: Configuration.Fleet?, _ context: ConfigurationContext, into findings: inout Findings
    ) -> [Configuration.Destination] {
        var read: [Configuration.Destination] = []
        var places: [Name: ConfigurationPlace] = [:]
        for (index, item) in items.enumerated() {
            if index == limit {
                findings.error(
                    at: item.place, key: "destinations[]", "there are more than \(limit) destinations",
                    hint: "remove some destinations, or deliver to them from another host")
            }
            findings.add(item.found)
            let reading = SectionReading<Configuration.DestinationKeys>(item, context, into: &findings)
            if let name = reading[\.name] {
                let place = item.place(of: keys.name.path)
                if let earlier = places[name] {
                    findings.error(
                        at: place, key: keys.name.path, "the destination “\(name)” already exists, at \(earlier)",
                        hint: "give one of the two another name")
                } else {
                    places[name] = place
                }
            }
            guard let whole = reading.whole else { continue }
            check(whole, item, into: &findings)
            if let fleet { check(whole, item, against: fleet, into: &findings) }
            let file = whole.secretFile ?? secretFile(whole.name, context.environment)
            read.append(Configuration.Destination(settings: whole, secretFile: file))
        }
        return read
    }

    /// The default path of the secret: the file that the unit's root step (`ExecStartPre=`) writes, or the file of systemd's `LoadCredential=`. It is
    /// the first of these files that exists; if neither exists, the first one.
    private static func secretFile(_ name: Name, _ environment: [String: String]) -> String {
        func directory(_ variable: String) -> String? {
            guard let value = environment[variable], value.hasPrefix("/") else { return nil }
            return value.hasSuffix("/") ? String(value.dropLast()) : value
        }
        let prepared = directory("TRIBUTARY_CREDENTIALS_DIRECTORY")
        let systemd = directory("CREDENTIALS_DIRECTORY")
        let places =
            prepared == nil && systemd == nil
            ? [CredentialDirectories.deliver(name).runtime] : [prepared, systemd].compactMap(\.self)
        let files = places.map { "\($0)/\(name)" }
        return files.first { FileProbe.look(at: $0) != .missing } ?? files[0]
    }

    private static func check(
        _ settings: Section<Configuration.DestinationKeys>, _ item: Settings, into findings: inout Findings
    ) {
        let foreign = Set(DestinationType.allCases.flatMap(ownKeys)).subtracting(ownKeys(settings.type))
        item.refuse(foreign.sorted(), with: "type: \(settings.type.rawValue)", into: &findings)
        let owner = "the destination “\(settings.name)”"
        func missing(_ key: KeyDescription, _ why: String) {
            item.require(key, at: item.place, "\(owner) has \(why)", into: &findings)
        }
        switch settings.type {
        case .s3:
            if settings.bucket == nil { missing(keys.bucket.description, "type s3") }
            if settings.region == nil, settings.endpoint == nil {
                missing(keys.region.description, "type s3 and no endpoint")
            }
            item.checkAccessKey(
                settings.credentials, process: keys.credentialProcess, settings.credentialProcess,
                secretFile: keys.secretFile, at: item.place, of: owner, into: &findings)
            if settings.layout == .securityLake {
                if settings.accountID == nil { missing(keys.accountID.description, "layout security_lake") }
                if settings.format != .parquet {
                    findings.error(
                        at: item.place(of: keys.layout.path), key: keys.layout.path,
                        "the layout security_lake requires Parquet files", hint: "add “format: parquet”")
                }
            } else {
                item.refuse(
                    [keys.accountID.path, keys.sourcePrefix.path], with: "layout: hive", into: &findings)
            }
            if settings.format != .parquet { item.refuse([keys.python.path], with: "format: ndjson", into: &findings) }
        case .http:
            if settings.url == nil { missing(keys.url.description, "type http") }
            guard let spoken = settings.protocol else { return missing(keys.protocol.description, "type http") }
            let (needed, foreign) = keysOf(spoken, settings)
            for key in needed { missing(key, "protocol \(spoken.rawValue)") }
            item.refuse(foreign, with: "protocol: \(spoken.rawValue)", into: &findings)
        case .exec:
            if settings.command.isEmpty { missing(keys.command.description, "type exec") }
            item.checkProgram(settings.command, keys.command.description, into: &findings)
        }
    }

    private static func check(
        _ settings: Section<Configuration.DestinationKeys>, _ item: Settings, against fleet: Configuration.Fleet,
        into findings: inout Findings
    ) {
        guard settings.type == .s3, settings.bucket == fleet.log.bucket,
            settings.endpoint?.description == fleet.log.endpoint?.description
        else { return }
        findings.error(
            at: item.place(of: keys.bucket.path), key: keys.bucket.path,
            "the bucket \(fleet.log.bucket) is the fleet's own bucket, which already has the segments",
            hint: "remove the destination, or use another bucket")
    }

    /// The keys that a destination of this type may have, in addition to the keys of all types.
    private static func ownKeys(_ type: DestinationType) -> Set<String> {
        switch type {
        case .s3:
            [
                keys.bucket.path, keys.prefix.path, keys.region.path, keys.endpoint.path, keys.pathStyle.path,
                keys.credentials.path, keys.secretFile.path, keys.credentialProcess.path,
                keys.serverSideEncryption.path, keys.format.path, keys.layout.path, keys.accountID.path,
                keys.sourcePrefix.path, keys.python.path,
            ]
        case .exec: [keys.command.path, keys.timeout.path]
        case .http:
            [
                keys.protocol.path, keys.url.path, keys.index.path, keys.table.path, keys.user.path,
                keys.secretFile.path, keys.requestBytes.path, keys.timeout.path,
            ]
        }
    }

    /// The keys that a protocol requires and that are missing, and the keys that have no effect with the protocol.
    private static func keysOf(
        _ spoken: DestinationProtocol, _ settings: Section<Configuration.DestinationKeys>
    ) -> (needed: [KeyDescription], foreign: [String]) {
        switch spoken {
        case .elasticsearch: (settings.index == nil ? [keys.index.description] : [], [keys.table.path])
        case .clickhouse:
            (
                (settings.table == nil ? [keys.table.description] : [])
                    + (settings.user == nil ? [keys.user.description] : []), [keys.index.path]
            )
        case .splunk: ([], [keys.table.path, keys.user.path])
        }
    }
}

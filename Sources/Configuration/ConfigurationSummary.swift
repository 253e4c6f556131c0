import FoundationEssentials

/// A configuration as `tributary check --json` shows it: every key with its value, but no secrets.
package struct ConfigurationSummary: Sendable, Encodable {
    private let configuration: Configuration

    fileprivate init(_ configuration: Configuration) { self.configuration = configuration }

    /// JSON with the keys of the file and a few others, such as `files` and `warnings`, sorted. Durations are in seconds, and sizes are in bytes.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var top = encoder.container(keyedBy: Key.self)
        try top.encode(configuration.files, forKey: "files")
        try top.encode(configuration.directories)
        try top.encode(configuration.spool, under: "spool")
        try top.encode(configuration.record, under: "record")
        try top.encode(configuration.myNetwork, under: "my_network")
        try top.encode(configuration.network, under: "network")
        try top.encode(configuration.metrics, under: "metrics")
        try top.encode(configuration.response, under: "response")
        var credentials = top.nestedUnkeyedContainer(forKey: "credentials")
        for credential in configuration.credentials {
            var item = credentials.nestedContainer(keyedBy: Key.self)
            try item.encode(credential.settings)
            try item.encode(credential.secretFile, forKey: "secret_file")
            try item.encodeIfPresent(credential.keyKind, forKey: "key_kind")
        }
        var integrations = top.nestedUnkeyedContainer(forKey: "integrations")
        for integration in configuration.integrations {
            var item = integrations.nestedContainer(keyedBy: Key.self)
            try item.encode(integration.settings)
            if let ingest = integration.dataIngest { try item.encode(ingest.settings, under: "data_ingest") }
            if let response = integration.responseAction {
                try item.encode(response.settings, under: "response_action")
            }
        }
        var destinations = top.nestedUnkeyedContainer(forKey: "destinations")
        for destination in configuration.destinations {
            var item = destinations.nestedContainer(keyedBy: Key.self)
            try item.encode(destination.settings)
            try item.encode(destination.guarantee, forKey: "guarantee")
            if destination.hasSecret {
                try item.encode(destination.secretFile, forKey: "secret_file")
            }
        }
        if let fleet = configuration.fleet {
            var section = top.nestedContainer(keyedBy: Key.self, forKey: "fleet")
            try section.encode(fleet.settings)
            try section.encode(fleet.shownHost, forKey: "host")
            var log = section.nestedContainer(keyedBy: Key.self, forKey: "log")
            try log.encode(fleet.log)
            if fleet.log.credentials == .static { try log.encode(fleet.secretFile, forKey: "secret_file") }
            try section.encode(fleet.lease, under: "lease")
        }
        try top.encode(configuration.warnings, forKey: "warnings")
    }

    fileprivate struct Key: CodingKey, ExpressibleByStringLiteral {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init(stringLiteral value: String) { stringValue = value }
        init?(intValue: Int) { return nil }
    }
}

extension KeyedEncodingContainer<ConfigurationSummary.Key> {
    fileprivate mutating func encode<Keys>(_ section: Section<Keys>) throws {
        for setting in section.settings {
            if let value = setting.json { try encode(value, forKey: Key(stringValue: setting.jsonName)) }
        }
    }

    fileprivate mutating func encode<Keys>(_ section: Section<Keys>, under key: Key) throws {
        var container = nestedContainer(keyedBy: Key.self, forKey: key)
        try container.encode(section)
    }
}

extension Configuration {
    /// The configuration in a form for programs.
    package var summary: ConfigurationSummary { ConfigurationSummary(self) }

    /// The configuration in a few lines, for a person, without a trailing newline.
    package func describe() -> String {
        var lines: [String] = []
        func line(_ label: String, _ text: String) {
            lines.append(label + String(repeating: " ", count: max(1, 14 - label.count)) + text)
        }
        func line(_ label: String, _ words: some Sequence<String>) {
            let text = words.joined(separator: ", ")
            if !text.isEmpty { line(label, text) }
        }
        line("files", files.joined(separator: ", "))
        line("state", self.stateDirectory)
        line("runtime", self.runtimeDirectory)
        line("spool", spool.directory)
        line("", spool.words.dropFirst())
        line("record", record.words)
        line("my network", myNetwork.words)
        line("network", network.words)
        line("metrics", metrics.words)
        if integrations.contains(where: { $0.responseAction != nil }) { line("response", response.words) }
        line("credentials", credentials.isEmpty ? "none" : "\(credentials.count)")
        for credential in credentials {
            let kind = credential.type.rawValue + (credential.keyKind.map { " (\($0))" } ?? "")
            line("  \(credential.name)", [kind] + credential.settings.words + [credential.secretFile])
        }
        line("integrations", integrations.isEmpty ? "none" : "\(integrations.count)")
        for integration in integrations {
            let org = integration.url.origin + (integration.description.map { " — \(LiteralSecret.masked($0))" } ?? "")
            line("  \(integration.name)", [org] + integration.settings.words)
            if let ingest = integration.dataIngest { line("", ingest.settings.words) }
            if let response = integration.responseAction { line("", response.settings.words) }
        }
        if !destinations.isEmpty { line("destinations", "\(destinations.count)") }
        for destination in destinations {
            let about = destination.description.map { " — \(LiteralSecret.masked($0))" } ?? ""
            line(
                "  \(destination.name)",
                [destination.place + about, destination.guarantee.words] + destination.settings.words)
        }
        if let fleet {
            line("fleet", ["\(fleet.name)", "host \(fleet.shownHost)"])
            line("  log", [fleet.bucketPlace] + fleet.log.words)
            line("  lease", [fleet.leasePlace] + fleet.lease.words)
            line("", ["the spool is in the bucket, so spool.retention and this host's acknowledgements have no effect"])
        }
        return lines.joined(separator: "\n")
    }
}

extension Configuration.Fleet {
    /// This host's name, without anything that may be a secret.
    fileprivate var shownHost: String { settings.host == nil ? host : LiteralSecret.masked(host) }

    /// The bucket's address and the source of its access key, as text for a person, without anything that may be a secret.
    package var bucketPlace: String {
        LiteralSecret.masked(
            "s3://\(log.bucket)\(log.prefix.map { "/" + $0 } ?? "")" + (log.endpoint.map { " at \($0)" } ?? ""))
            + ", credentials \(log.credentials.rawValue)"
    }

    /// Where the leases are, as text for a person, without anything that may be a secret.
    fileprivate var leasePlace: String {
        switch lease.type {
        case .etcd: "etcd at \(LiteralSecret.masked(lease.endpoints.map(\.description).joined(separator: ", ")))"
        case .s3: "s3, in the bucket"
        }
    }
}

extension Configuration.Destination {
    /// The destination's address as text for a person, without anything that may be a secret. For a bucket, also the source of its access key.
    package var place: String {
        switch self.type {
        case .s3:
            LiteralSecret.masked(
                "s3://\(self.bucket ?? "")\(self.prefix.map { "/" + $0 } ?? "")"
                    + (self.endpoint.map { " at \($0)" } ?? "")) + ", credentials \(self.credentials.rawValue)"
        case .http: LiteralSecret.masked(server)
        case .exec: "exec \(LiteralSecret.masked(self.command.joined(separator: " ")))"
        }
    }

    /// The server of a destination of type `http`.
    private var server: String {
        let place = self.index.map { " index \($0)" } ?? self.table.map { " table \($0)" } ?? ""
        return "\(self.protocol?.rawValue ?? "http") \(self.url?.description ?? "")\(place)"
    }

    /// Whether the destination needs a file with a secret.
    package var hasSecret: Bool {
        switch self.type {
        case .s3: self.credentials == .static
        case .http: true
        case .exec: false
        }
    }

    /// The systemd unit that delivers to the destination. A destination that runs a program uses `tributary-deliver-exec@`, the unit that allows
    /// programs.
    package var unit: String {
        let isProgram = self.type == .exec || self.credentials == .process || self.format == .parquet
        return "tributary-deliver\(isProgram ? "-exec" : "")@\(self.name)"
    }
}

extension Section {
    /// What `check` shows about the section: a text for each key that is worth mentioning.
    fileprivate var words: [String] { settings.compactMap(\.words) }
}

import OktaAPI

/// Turns merged settings into a ``Configuration``: reads values, fills in defaults, resolves references, and looks
/// whether the files that are named can be read.
struct ConfigurationBuilder {
    let settings: Settings
    let context: ConfigurationContext
    /// Whether each file could be read; if not, a name that is not found may stand in the one that could not.
    let isComplete: Bool
    var findings: Findings

    private let keys = ConfigurationKeys.shared
    private var credentials = CredentialIndex()

    init(settings: Settings, context: ConfigurationContext, isComplete: Bool, findings: Findings) {
        self.settings = settings
        self.context = context
        self.isComplete = isComplete
        self.findings = findings
    }

    /// Nil when something needed could not be read; the findings say why.
    mutating func build(files: [String]) -> Configuration? {
        let state = directory(keys.stateDirectory, variable: "STATE_DIRECTORY", otherwise: "/var/lib/tributary")
        let runtime = directory(keys.runtimeDirectory, variable: "RUNTIME_DIRECTORY", otherwise: "/run/tributary")
        let spool = spool()
        let record = record()
        let myNetwork = Configuration.MyNetwork(
            domains: settings.list(keys.myDomains, into: &findings).map(\.0),
            ipRanges: settings.list(keys.myIPRanges, into: &findings).map(\.0))
        let network = network()
        for item in settings.items["credentials[]"] ?? [] {
            var reader = CredentialReader(settings: item, context: context)
            reader.read(into: &credentials, &findings)
        }
        let integrations = integrations()
        if isComplete { reportUnused() }
        guard let spool, let record else { return nil }
        return Configuration(
            files: files, stateDirectory: state, runtimeDirectory: runtime, spool: spool, record: record,
            myNetwork: myNetwork, network: network, credentials: credentials.usable, integrations: integrations,
            warnings: Findings.sorted(findings.warnings, filesInOrder: files))
    }

    // MARK: Parts

    /// systemd lists several directories with colons between; ours is the first.
    private mutating func directory(
        _ key: ConfigurationKey<String>, variable: String, otherwise: String
    ) -> String {
        if let path = settings.value(key, into: &findings) { return path }
        guard let value = context.environment[variable], let first = value.split(separator: ":").first else {
            return otherwise
        }
        guard first.hasPrefix("/") else {
            findings.error(
                at: ConfigurationPlace(file: "$\(variable)"), key: key.path,
                "the environment variable does not hold an absolute path", hint: "set \(key.path), or begin it with /")
            return otherwise
        }
        return String(first)
    }

    private mutating func spool() -> Configuration.Spool? {
        // Not below $STATE_DIRECTORY: with DynamicUser= only the daemon may enter that, and loaders must reach the spool.
        let directory = settings.value(keys.spoolDirectory, into: &findings) ?? "/var/lib/tributary/spool"
        let compression = settings.value(keys.spoolCompression, into: &findings)
        let segmentMaxBytes = settings.value(keys.spoolSegmentMaxBytes, into: &findings)
        let segmentMaxAge = settings.value(keys.spoolSegmentMaxAge, into: &findings)
        let maxBytes = settings.value(keys.spoolMaxBytes, into: &findings)
        let retention = settings.value(keys.spoolRetention, into: &findings)
        guard let compression, let segmentMaxBytes, let segmentMaxAge, let maxBytes, let retention else { return nil }
        if maxBytes < segmentMaxBytes {
            findings.warning(
                at: settings.place(of: keys.spoolMaxBytes.path), key: keys.spoolMaxBytes.path,
                "the spool's limit, \(maxBytes), is below the size of one segment, \(segmentMaxBytes)",
                hint: "raise spool.max_bytes, or lower spool.segment_max_bytes")
        }
        return Configuration.Spool(
            directory: directory, compression: compression, segmentMaxBytes: segmentMaxBytes,
            segmentMaxAge: segmentMaxAge, maxBytes: maxBytes, retention: retention)
    }

    private mutating func record() -> Configuration.Record? {
        let rawData = settings.value(keys.recordRawData, into: &findings)
        let observables = settings.value(keys.recordObservables, into: &findings)
        let datetime = settings.value(keys.recordDatetime, into: &findings)
        let flattenUnmapped = settings.value(keys.recordFlattenUnmapped, into: &findings)
        let catalogue = settings.list(keys.recordCatalogue, into: &findings)
        for (path, place) in catalogue { checkReadable(path, at: place, key: keys.recordCatalogue.path) }
        guard let rawData, let observables, let datetime, let flattenUnmapped else { return nil }
        return Configuration.Record(
            rawData: rawData, observables: observables, datetime: datetime, flattenUnmapped: flattenUnmapped,
            catalogue: catalogue.map(\.0))
    }

    private mutating func network() -> Configuration.Network {
        let caFile = settings.value(keys.networkCAFile, into: &findings)
        if let caFile {
            checkReadable(caFile, at: settings.place(of: keys.networkCAFile.path), key: keys.networkCAFile.path)
        }
        let credentialsFile = settings.value(keys.networkProxyCredentialsFile, into: &findings)
        if let credentialsFile { checkProxyCredentials(credentialsFile) }
        return Configuration.Network(
            caFile: caFile, proxy: settings.value(keys.networkProxy, into: &findings),
            proxyCredentialsFile: credentialsFile,
            noProxy: settings.list(keys.networkNoProxy, into: &findings).map(\.0))
    }

    /// As with the secrets of credentials: whoever checks may not be allowed to read what the service reads.
    private mutating func checkProxyCredentials(_ path: String) {
        let key = keys.networkProxyCredentialsFile.path
        let place = settings.place(of: key)
        let shown = LiteralSecret.quoted(path)
        switch FileProbe.look(at: path) {
        case .readable(_, let isWorldReadable):
            if isWorldReadable {
                findings.warning(
                    at: place, key: key, "every user of this host can read the proxy's password: \(shown)",
                    hint: "take that right away with: chmod o-r")
            }
        case .missing, .notAFile, .unreadable:
            switch context.secrets {
            case .required: checkReadable(path, at: place, key: key)
            case .warned:
                findings.warning(
                    at: place, key: key, "the file \(shown) can't be read here",
                    hint: "see that it is there, and that the service's user may read it")
            }
        }
    }

    private mutating func checkReadable(_ path: String, at place: ConfigurationPlace, key: String) {
        let shown = LiteralSecret.quoted(path)
        switch FileProbe.look(at: path) {
        case .readable: break
        case .missing: findings.error(at: place, key: key, "the file \(shown) does not exist", hint: "correct the path")
        case .notAFile: findings.error(at: place, key: key, "\(shown) is not a file", hint: "name a regular file")
        case .unreadable(let code):
            findings.error(
                at: place, key: key, "the file \(shown) can't be read: \(FileProbe.words(code))",
                hint: "let the service's user read it")
        }
    }

    private mutating func integrations() -> [Configuration.Integration] {
        var read: [Configuration.Integration] = []
        var names: [Name: ConfigurationPlace] = [:]
        var orgs: [String: (name: Name, place: ConfigurationPlace)] = [:]
        for item in settings.items["integrations[]"] ?? [] {
            let name = item.value(keys.integrationName, into: &findings)
            let place = item.place(of: keys.integrationName.path)
            if let name {
                if let earlier = names[name] {
                    findings.error(
                        at: place, key: keys.integrationName.path,
                        "the integration “\(name)” is there already, at \(earlier)", hint: "give one another name")
                } else {
                    names[name] = place
                }
            }
            let description = item.value(keys.integrationDescription, into: &findings)
            let url = item.value(keys.integrationURL, into: &findings)
            let urlPlace = item.place(of: keys.integrationURL.path)
            let ingest = dataIngest(item)
            let response = responseAction(item)
            if item.sections["integrations[].data_ingest"] == nil,
                item.sections["integrations[].response_action"] == nil
            {
                findings.error(
                    at: item.place, key: "integrations[]",
                    "the integration \(name.map { "“\($0)” " } ?? "")does nothing",
                    hint: "add data_ingest or response_action with a credential")
            }
            guard let name, let url else { continue }
            for warning in url.warnings {
                findings.warning(at: urlPlace, key: keys.integrationURL.path, warning.description)
            }
            if let other = orgs[url.origin] {
                findings.warning(
                    at: urlPlace, key: keys.integrationURL.path,
                    "“\(name)” and “\(other.name)” (\(other.place)) are the same org, \(url.origin)",
                    hint: "with both ingesting, each event is collected twice and they share one rate limit")
            } else {
                orgs[url.origin] = (name, urlPlace)
            }
            read.append(
                Configuration.Integration(
                    name: name, description: description, url: url, dataIngest: ingest, responseAction: response))
        }
        if isComplete, settings.items["integrations[]"] == nil, findings.problems.isEmpty {
            findings.warning(
                at: ConfigurationPlace(file: settings.place.file), key: "integrations",
                "there are no integrations, so nothing is collected",
                hint: "add one under integrations")
        }
        return read
    }

    private mutating func dataIngest(_ item: Settings) -> Configuration.DataIngest? {
        guard item.sections["integrations[].data_ingest"] != nil else { return nil }
        let credential = credential(item, keys.ingestCredential, needs: .read)
        let pollInterval = item.value(keys.ingestPollInterval, into: &findings)
        let start = item.value(keys.ingestStart, into: &findings)
        let filter = item.value(keys.ingestFilter, into: &findings)
        let share = item.value(keys.ingestRateLimitShare, into: &findings)
        let pageSize = item.value(keys.ingestPageSize, into: &findings)
        if case .back(let duration)? = start, duration.seconds > 90 * 86_400 {
            findings.warning(
                at: item.place(of: keys.ingestStart.path), key: keys.ingestStart.path,
                "\(duration) back is more than Okta keeps; the log goes back 90 days", hint: "write 90d")
        }
        guard let credential, let pollInterval, let start, let share, let pageSize else { return nil }
        return Configuration.DataIngest(
            credential: credential, pollInterval: pollInterval, start: start,
            filter: filter?.isEmpty == true ? nil : filter, rateLimitShare: share, pageSize: pageSize)
    }

    private mutating func responseAction(_ item: Settings) -> Configuration.ResponseAction? {
        guard item.sections["integrations[].response_action"] != nil else { return nil }
        return credential(item, keys.responseCredential, needs: .write).map(Configuration.ResponseAction.init)
    }

    private mutating func credential(
        _ item: Settings, _ key: ConfigurationKey<Name>, needs permission: CredentialPermissions
    ) -> Configuration.Credential? {
        guard let name = item.value(key, into: &findings) else { return nil }
        let place = item.place(of: key.path)
        credentials.markUsed(name)
        guard let credential = credentials.find(name) else {
            if isComplete, !credentials.isDeclared(name) {
                let near = NearestName.of(name.text, among: credentials.names)
                findings.error(
                    at: place, key: key.path, "there is no credential “\(name)”",
                    hint: near.map { "did you mean “\($0)”?" }
                        ?? "add it under credentials")
            }
            return nil
        }
        if permission == .write, credential.permissions != .write {
            findings.error(
                at: place, key: key.path, "a response action needs write, the credential “\(name)” has read",
                hint: "name another, or set its permissions (\(credentials.place(of: name))) if Okta grants them")
            return nil
        }
        return credential
    }

    private mutating func reportUnused() {
        for (name, place) in credentials.unused {
            findings.warning(
                at: place, key: keys.credentialName.path, "the credential “\(name)” is not used",
                hint: "remove it here and revoke it in Okta")
        }
    }
}

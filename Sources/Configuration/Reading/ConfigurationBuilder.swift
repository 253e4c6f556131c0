import OktaAPI

/// Turns merged settings into a ``Configuration``: reads values, fills in defaults, resolves references, and checks
/// whether the referenced files can be read.
struct ConfigurationBuilder {
    let settings: Settings
    let context: ConfigurationContext
    /// Whether every file could be read. If not, a name that is not found may be in an unreadable file.
    let isComplete: Bool
    var findings: Findings

    private var credentials = CredentialIndex()
    private(set) var unusable: [Configuration.UnusableIntegration] = []

    init(settings: Settings, context: ConfigurationContext, isComplete: Bool, findings: Findings) {
        self.settings = settings
        self.context = context
        self.isComplete = isComplete
        self.findings = findings
    }

    /// The configuration; nil if a required part could not be read. The findings say why.
    mutating func build(files: [String]) -> Configuration? {
        let directories = SectionReading<Configuration.DirectoryKeys>(settings, context, into: &findings).whole
        let spool = SectionReading<Configuration.SpoolKeys>(settings, context, into: &findings).whole
        if let spool { checkSizes(spool) }
        let record = SectionReading<Configuration.RecordKeys>(settings, context, into: &findings).whole
        if record != nil { checkCatalogue() }
        let myNetwork = SectionReading<Configuration.MyNetworkKeys>(settings, context, into: &findings).whole
        if let range = myNetwork?.ipRanges.first(where: { $0.prefixLength == 0 }) {
            let key = Configuration.MyNetworkKeys.shared.ipRanges.path
            findings.warning(
                at: settings.place(of: key), key: key, "\(range) makes every address an address of your organization",
                hint: "write the ranges of your organization")
        }
        let network = SectionReading<Configuration.NetworkKeys>(settings, context, into: &findings).whole
        if let network { checkFiles(network) }
        let metrics = SectionReading<Configuration.MetricsKeys>(settings, context, into: &findings).whole
        if let metrics { checkTextFile(metrics, runtimeDirectory: directories?.runtimeDirectory) }
        let response = SectionReading<Configuration.ResponseKeys>(settings, context, into: &findings).whole
        for item in settings.items["credentials[]"] ?? [] {
            readCredential(item)
        }
        let integrations = integrations()
        findings.addAsWarnings(credentials.problemsOfUnused)
        let fleet = fleet()
        let destinations = DestinationReader.read(
            settings.items["destinations[]"] ?? [], fleet: fleet, context, into: &findings)
        if isComplete { reportUnused() }
        guard let directories, let spool, let record, let myNetwork, let network, let metrics, let response else {
            return nil
        }
        return Configuration(
            files: files, directories: directories, spool: spool, record: record, myNetwork: myNetwork,
            network: network, metrics: metrics, response: response, credentials: credentials.usable,
            integrations: integrations, unusable: unusable, destinations: destinations,
            fleet: fleet, warnings: Findings.sorted(findings.warnings, filesInOrder: files))
    }

    // MARK: Parts

    private mutating func checkSizes(_ spool: Configuration.Spool) {
        guard spool.maxBytes < spool.segmentMaxBytes else { return }
        let key = Configuration.SpoolKeys.shared.maxBytes.path
        findings.warning(
            at: settings.place(of: key), key: key,
            "the spool's limit, \(spool.maxBytes), is below the size of one segment, \(spool.segmentMaxBytes)",
            hint: "raise spool.max_bytes, or lower spool.segment_max_bytes")
    }

    private mutating func checkCatalogue() {
        let key = Configuration.RecordKeys.shared.catalogue.description
        // Mistakes in the items are already reported, so they are not reported again here.
        var known = Findings()
        for (path, place) in settings.list(key, .path, into: &known) { checkReadable(path, at: place, key: key.path) }
    }

    private mutating func checkTextFile(_ metrics: Configuration.Metrics, runtimeDirectory: String?) {
        let key = Configuration.MetricsKeys.shared.textfile.path
        guard let file = metrics.textfile else { return }
        let directory = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? ""
        // The daemon makes the runtime directory when it starts.
        if FileProbe.look(at: directory) == .missing, directory != runtimeDirectory {
            findings.warning(
                at: settings.place(of: key), key: key, "there is no directory \(LiteralSecret.quoted(directory))",
                hint: "create the directory with the service's user as its owner, or use /run/tributary/metrics.prom")
        }
        guard !file.hasSuffix(".prom") else { return }
        findings.error(
            at: settings.place(of: key), key: key, "node_exporter reads only files whose names end in .prom",
            hint: "give the file a name such as /run/tributary/metrics.prom")
    }

    private mutating func checkFiles(_ network: Configuration.Network) {
        let key = Configuration.NetworkKeys.shared.caFile.path
        if let file = network.caFile {
            checkReadable(file, at: settings.place(of: key), key: key)
            checkCertificate(file, at: settings.place(of: key), key: key)
        }
        if let file = network.proxyCredentialsFile {
            checkSecretFile(
                file, key: Configuration.NetworkKeys.shared.proxyCredentialsFile.path, "the proxy's password")
        }
    }

    /// Checks that this process can read a file with a secret, and that not every user can. A file that this process can't read is an error, or only
    /// a warning if `context.secrets` is `warned`.
    ///
    /// - Parameter secret: what the file contains, as text for messages.
    mutating func checkSecretFile(_ path: String, key: String, _ secret: String) {
        let place = settings.place(of: key)
        let shown = LiteralSecret.quoted(path)
        switch FileProbe.look(at: path) {
        case .readable(_, let isWorldReadable):
            if isWorldReadable {
                findings.warning(
                    at: place, key: key, "every user of this host can read \(secret): \(shown)",
                    hint: "remove the read permission of other users with: chmod o-r")
            }
        case .missing, .notAFile, .unreadable:
            switch context.secrets {
            case .required: checkReadable(path, at: place, key: key)
            case .warned:
                findings.warning(
                    at: place, key: key, "this process can't read the file \(shown)",
                    hint: "make sure that the file exists, and that the service's user may read it")
            }
        }
    }

    mutating func checkCertificate(_ path: String, at place: ConfigurationPlace, key: String) {
        guard FileProbe.holdsCertificate(path) == false else { return }
        findings.error(
            at: place, key: key, "there is no certificate in \(LiteralSecret.quoted(path))",
            hint: "use a PEM file that has a line -----BEGIN CERTIFICATE-----")
    }

    mutating func checkReadable(_ path: String, at place: ConfigurationPlace, key: String) {
        let shown = LiteralSecret.quoted(path)
        switch FileProbe.look(at: path) {
        case .readable: break
        case .missing: findings.error(at: place, key: key, "the file \(shown) does not exist", hint: "correct the path")
        case .notAFile: findings.error(at: place, key: key, "\(shown) is not a file", hint: "write the path of a file")
        case .unreadable(let code):
            findings.error(
                at: place, key: key, "the file \(shown) can't be read: \(FileProbe.words(code))",
                hint: "allow the service's user to read the file")
        }
    }

    /// With ``ConfigurationContext/MistakeScope/whole``, a mistake in a credential is an error. Otherwise, it only prevents integrations from using
    /// the credential, and is a warning if no integration refers to the credential.
    private mutating func readCredential(_ item: Settings) {
        var found = item.found
        let name = CredentialReader(settings: item, context: context).read(into: &credentials, &found)
        guard context.mistakes != .whole else { return findings.add(found) }
        findings.add(warnings: found.warnings)
        if let name {
            credentials.refuse(name, found.problems)
        } else {
            findings.addAsWarnings(found.problems)
        }
    }

    private mutating func integrations() -> [Configuration.Integration] {
        var read: [Configuration.Integration] = []
        var known = KnownIntegrations()
        for item in settings.items["integrations[]"] ?? [] {
            let others = findings
            findings = item.found
            let outcome = integration(item, &known)
            let found = findings
            findings = others
            if context.mistakes != .whole, !found.problems.isEmpty {
                findings.add(warnings: found.warnings)
                unusable.append(
                    Configuration.UnusableIntegration(
                        name: outcome.name?.text ?? "\(item.place)", org: outcome.org, problems: found.problems))
            } else {
                findings.add(found)
                if let integration = outcome.integration { read.append(integration) }
            }
        }
        if isComplete, settings.items["integrations[]"] == nil, findings.problems.isEmpty {
            findings.warning(
                at: ConfigurationPlace(file: settings.place.file), key: "integrations",
                "there are no integrations, so nothing is collected",
                hint: "add an integration under integrations")
        }
        return read
    }

    /// The names and addresses of the integrations that were already read. A repeated name is an error; a repeated address causes only a warning.
    private struct KnownIntegrations {
        var names: [Name: ConfigurationPlace] = [:]
        var orgs: [String: (name: Name, place: ConfigurationPlace)] = [:]
    }

    /// The readable parts of an integration. The name is also nil if an earlier integration has the same name.
    private mutating func integration(
        _ item: Settings, _ known: inout KnownIntegrations
    ) -> (name: Name?, org: String?, integration: Configuration.Integration?) {
        let keys = Configuration.IntegrationKeys.shared
        let reading = SectionReading<Configuration.IntegrationKeys>(item, context, into: &findings)
        let name = reading[\.name]
        var isTaken = false
        let place = item.place(of: keys.name.path)
        if let name {
            if let earlier = known.names[name] {
                isTaken = true
                findings.error(
                    at: place, key: keys.name.path, "the integration “\(name)” already exists, at \(earlier)",
                    hint: "give one of the two another name")
            } else {
                known.names[name] = place
            }
        }
        let urlPlace = item.place(of: keys.url.path)
        let ingest = dataIngest(item)
        let response = responseAction(item)
        // If the item has other problems, this error is not added: the cause is usually a mistyped data_ingest, which is already reported as an
        // unknown key.
        if item.sections["integrations[].data_ingest"] == nil,
            item.sections["integrations[].response_action"] == nil, item.found.problems.isEmpty
        {
            findings.error(
                at: item.place, key: "integrations[]",
                "the integration \(name.map { "“\($0)” " } ?? "")does nothing",
                hint: "add data_ingest or response_action with a credential")
        }
        let url = reading[\.url]
        let ownName = isTaken ? nil : name
        guard let name, let url else { return (ownName, url?.origin, nil) }
        for warning in url.warnings {
            findings.warning(at: urlPlace, key: keys.url.path, warning.description)
        }
        if let other = known.orgs[url.origin] {
            findings.warning(
                at: urlPlace, key: keys.url.path,
                "the integrations “\(name)” and “\(other.name)” (\(other.place)) are for the same org, \(url.origin)",
                hint: "if both collect the log, each event is collected twice, and they share one rate limit")
        } else {
            known.orgs[url.origin] = (name, urlPlace)
        }
        let integration = reading.whole.map {
            Configuration.Integration(settings: $0, dataIngest: ingest, responseAction: response)
        }
        return (ownName, url.origin, integration)
    }

    private mutating func dataIngest(_ item: Settings) -> Configuration.DataIngest? {
        guard item.sections["integrations[].data_ingest"] != nil else { return nil }
        let keys = Configuration.DataIngestKeys.shared
        let reading = SectionReading<Configuration.DataIngestKeys>(item, context, into: &findings)
        let credential = credential(item, keys.credential, reading[\.credential], needs: .read)
        if case .back(let duration)? = reading[\.start], duration.seconds > 90 * 86_400 {
            findings.warning(
                at: item.place(of: keys.start.path), key: keys.start.path,
                "\(duration) is more than 90 days, and Okta keeps its log for only 90 days", hint: "write 90d")
        }
        if case .at(let time)? = reading[\.start], time / 86_400_000 > context.today.daysSince1970 {
            findings.warning(
                at: item.place(of: keys.start.path), key: keys.start.path,
                "the start is in the future, and events before it are not collected",
                hint: "write “now”, or a time in the past")
        }
        guard var whole = reading.whole, let credential else { return nil }
        if whole.filter == "" { whole.filter = nil }
        return Configuration.DataIngest(settings: whole, credential: credential)
    }

    private mutating func responseAction(_ item: Settings) -> Configuration.ResponseAction? {
        guard item.sections["integrations[].response_action"] != nil else { return nil }
        let keys = Configuration.ResponseActionKeys.shared
        let reading = SectionReading<Configuration.ResponseActionKeys>(item, context, into: &findings)
        let credential = credential(item, keys.credential, reading[\.credential], needs: .write)
        guard let whole = reading.whole, let credential else { return nil }
        return Configuration.ResponseAction(settings: whole, credential: credential)
    }

    private mutating func credential(
        _ item: Settings, _ key: ConfigurationKey<Name>, _ name: Name?, needs permission: CredentialPermissions
    ) -> Configuration.Credential? {
        guard let name else { return nil }
        let place = item.place(of: key.path)
        credentials.markUsed(name)
        guard let credential = credentials.find(name) else {
            findings.add(problems: credentials.problems(of: name))
            if !credentials.isDeclared(name), isComplete || context.mistakes != .whole {
                let near = NearestName.of(name.text, among: credentials.names)
                findings.error(
                    at: place, key: key.path, "there is no credential “\(name)”",
                    hint: near.map { "did you mean “\($0)”?" }
                        ?? "add the credential under credentials")
            }
            return nil
        }
        if permission == .write, credential.permissions != .write {
            findings.error(
                at: place, key: key.path,
                "a response action needs a credential with “permissions: write”, but “\(name)” has only “read”",
                hint:
                    "use a credential that has this permission, or set “permissions: write” at \(credentials.place(of: name)) if Okta grants it"
            )
            return nil
        }
        return credential
    }

    private mutating func reportUnused() {
        for (name, place) in credentials.unused {
            findings.warning(
                at: place, key: Configuration.CredentialKeys.shared.name.path,
                "the credential “\(name)” is not used",
                hint: "remove the credential here and revoke it in Okta")
        }
    }
}

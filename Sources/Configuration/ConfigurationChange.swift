/// The changes that a running daemon must make to use another configuration. Integrations are matched by name, everything else by
/// key.
///
/// ```swift
/// let change = ConfigurationChange(from: running, to: loaded)
/// for name in change.removed { … }
/// ```
package struct ConfigurationChange: Sendable, Equatable {
    /// An integration that is in both configurations but differs.
    package struct Changed: Sendable, Equatable {
        /// The integration as it is in the new configuration.
        package var integration: Configuration.Integration
        /// The paths of the keys that differ, in the order of their declaration. Keys of the integration's credentials are included. If a
        /// section was added or removed, only its own path is listed.
        package var keys: [String]
    }

    /// Added integrations, in the order of the new configuration.
    package var added: [Configuration.Integration] = []
    /// Removed integrations, in the order of the old configuration.
    package var removed: [Name] = []
    /// Changed integrations, in the order of the new configuration.
    package var changed: [Changed] = []
    /// Changed keys that do not belong to an integration. The daemon can use the new values at once.
    package var settings: [KeyDescription] = []
    /// Changed keys that do not belong to an integration. The old values stay in force until a restart.
    package var needsRestart: [KeyDescription] = []

    package init(from old: Configuration, to new: Configuration) {
        let before = Dictionary(old.integrations.map { ($0.name, $0) }) { first, _ in first }
        for integration in new.integrations {
            guard let earlier = before[integration.name] else {
                added.append(integration)
                continue
            }
            // The sections `data_ingest` and `response_action` may use the same credential. The keys of that credential are then listed only once.
            var seen: Set<String> = []
            let keys = integration.changedKeys(from: earlier).filter { seen.insert($0).inserted }
            if !keys.isEmpty { changed.append(Changed(integration: integration, keys: keys)) }
        }
        let names = Set(new.integrations.map(\.name))
        removed = old.integrations.map(\.name).filter { !names.contains($0) }
        let keys =
            new.directories.changed(from: old.directories) + new.spool.changed(from: old.spool)
            + new.record.changed(from: old.record) + new.myNetwork.changed(from: old.myNetwork)
            + new.network.changed(from: old.network) + new.metrics.changed(from: old.metrics)
            + new.response.changed(from: old.response) + Configuration.Fleet.changed(from: old.fleet, to: new.fleet)
            + (Set(new.destinations.map(\.name)) == Set(old.destinations.map(\.name)) ? [] : [.destinations])
        settings = keys.filter { $0.change == .whileRunning }
        needsRestart = keys.filter { $0.change == .atRestart }
    }

    /// The configuration in force after the change: the new one, with the old value of each key in ``needsRestart``.
    package static func inForce(from old: Configuration, to new: Configuration) -> Configuration {
        var result = new
        result.directories = new.directories.keepingUntilRestart(old.directories)
        result.spool = new.spool.keepingUntilRestart(old.spool)
        result.record = new.record.keepingUntilRestart(old.record)
        result.myNetwork = new.myNetwork.keepingUntilRestart(old.myNetwork)
        result.network = new.network.keepingUntilRestart(old.network)
        result.metrics = new.metrics.keepingUntilRestart(old.metrics)
        result.response = new.response.keepingUntilRestart(old.response)
        // No key of the section `fleet` can change while the daemon runs.
        result.fleet = old.fleet
        return result
    }

    /// Whether the two configurations are the same for the daemon. Of the destinations, which `tributary deliver` uses, only the names are compared:
    /// retention waits for them. Credentials that no integration uses are not compared.
    package var isEmpty: Bool {
        added.isEmpty && removed.isEmpty && changed.isEmpty && settings.isEmpty && needsRestart.isEmpty
    }

    /// Whether all changes are of settings outside integrations whose paths begin with `prefix`, and none of them needs a restart.
    package func isLimited(to prefix: String) -> Bool {
        added.isEmpty && removed.isEmpty && changed.isEmpty && needsRestart.isEmpty
            && settings.allSatisfy { $0.path.hasPrefix(prefix) }
    }
}

extension KeyDescription {
    /// The list of destinations as a whole.
    fileprivate static let destinations = KeyDescription(
        path: "destinations", valueKind: "a section", isList: true, fallback: .none, change: .whileRunning,
        explanation: "The destinations for which retention waits.")
}

extension Configuration.Fleet {
    /// The keys that differ. If the section `fleet` was added or removed, only its own path.
    fileprivate static func changed(from old: Self?, to new: Self?) -> [KeyDescription] {
        switch (old, new) {
        case (nil, nil): return []
        case (let old?, let new?):
            let keys =
                new.settings.changed(from: old.settings) + new.log.changed(from: old.log)
                + new.lease.changed(from: old.lease)
            let host = Configuration.FleetKeys.shared.host.description
            return new.host == old.host || keys.contains(host) ? keys : keys + [host]
        case (nil, .some), (.some, nil):
            return [
                KeyDescription(
                    path: "fleet", valueKind: "a section", isList: false, fallback: .none, change: .atRestart,
                    explanation: "Whether this host is in a fleet.")
            ]
        }
    }
}

extension Configuration.Integration {
    fileprivate func changedKeys(from other: Self) -> [String] {
        settings.changed(from: other.settings).map(\.path)
            + Self.changedKeys("integrations[].data_ingest", dataIngest, other.dataIngest) { new, old in
                new.settings.changed(from: old.settings).map(\.path) + new.credential.changedKeys(from: old.credential)
            }
            + Self.changedKeys("integrations[].response_action", responseAction, other.responseAction) { new, old in
                new.settings.changed(from: old.settings).map(\.path) + new.credential.changedKeys(from: old.credential)
            }
    }

    private static func changedKeys<Part>(
        _ path: String, _ new: Part?, _ old: Part?, _ compare: (Part, Part) -> [String]
    ) -> [String] {
        switch (new, old) {
        case (nil, nil): []
        case (let new?, let old?): compare(new, old)
        case (.some, nil), (nil, .some): [path]
        }
    }
}

extension Configuration.Credential {
    /// Also compares the path at which the secret's file was found: systemd may now provide the file elsewhere, although no key has changed.
    fileprivate func changedKeys(from other: Self) -> [String] {
        let keys = settings.changed(from: other.settings).map(\.path)
        let file = Configuration.CredentialKeys.shared.secretFile.path
        return secretFile != other.secretFile && !keys.contains(file) ? keys + [file] : keys
    }
}

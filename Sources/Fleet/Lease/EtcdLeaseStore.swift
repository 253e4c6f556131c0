import Configuration
import CurlHTTPClient
import FoundationEssentials
import Time

/// Leases in etcd. Every host has one lease, to which its keys are attached:
///
///     /tributary/FLEET/hosts/HOST             the host's description of itself; created only if it does not exist
///     /tributary/FLEET/owners/INTEGRATION     the host that holds the integration; created only if it does not exist
///     /tributary/FLEET/drain/HOST             a request to HOST to drain; attached to no lease
///
/// When a lease ends, etcd removes its keys. Then other hosts can create them.
package actor EtcdLeaseStore: LeaseStore {
    /// The largest number of hosts in a fleet.
    package static let maximumHosts = 64
    /// The maximum number of integrations in a transaction. etcd allows 128 operations in a transaction, including nested ones (`--max-txn-ops`).
    private static let batch = 48

    package nonisolated let engine = LeaseType.etcd
    // etcd looks for expired leases every 500 ms. With this poll interval, another host takes over within a second after a lease has expired.
    package nonisolated let pollInterval = Duration.milliseconds(300)

    private let client: EtcdClient
    private let host: String
    private let seconds: Int64
    private let prefix: String
    private var lease: Int64?
    /// A lease that this process has but does not use. It is revoked, so that other hosts need not wait for its expiry.
    private var unused: Int64?
    private var written: HostRecord?
    /// The owners at the revision of the last observation.
    private var owners: [String: FleetObservation.Owner] = [:]
    private var ownerLeases: [String: Int64] = [:]
    /// The id of this host's lease at the time when `isMine` in ``owners`` was last computed.
    private var ownLease: Int64?
    private var revision: Int64?

    /// - Parameters:
    ///   - fleet, host: names from the configuration.
    ///   - ttl: in whole seconds.
    package init(
        transport: any HTTPTransport, endpoints: [String], fleet: String, host: String, ttl: Duration
    ) {
        client = EtcdClient(transport: transport, endpoints: endpoints, ttl: ttl)
        self.host = host
        seconds = max(1, ttl.components.seconds)
        prefix = "/tributary/\(fleet)/"
    }

    /// Requests sent so far.
    package nonisolated var requests: Int { client.requests }

    // MARK: This host's lease

    package func renew(_ record: HostRecord) async throws(LeaseProblem) -> ContinuousClock.Instant? {
        guard let lease else { return try await join(record) }
        let sent = ContinuousClock.now
        do throws(LeaseProblem) {
            try await client.keepAlive(lease)
            if record != written {
                let put = EtcdOperation.put(
                    key: hostKey(host), value: try Self.encoded(StoredHost(record)), lease: lease)
                _ = try await client.transaction(EtcdTransaction(success: [put]))
                written = record
            }
        } catch .ended {
            if self.lease == lease { self.lease = nil }
            throw .ended
        }
        guard self.lease == lease else { throw .ended }
        return sent
    }

    private func join(_ record: HostRecord) async throws(LeaseProblem) -> ContinuousClock.Instant {
        written = nil
        if let unused {
            try await client.revoke(unused)
            self.unused = nil
        }
        // The names are read first, so that a host that waits for its name does not create a lease at each attempt.
        let names =
            try await client.transaction(EtcdTransaction(success: [all("hosts/")])).parts.first?.range?.pairs ?? []
        if names.contains(where: { name($0.key, below: "hosts/") == host }) { throw .nameTaken(host) }
        guard names.count < Self.maximumHosts else {
            throw .refused("the fleet has \(Self.maximumHosts) hosts already, which is the limit")
        }
        let sent = ContinuousClock.now
        let id = try await client.grant(seconds: seconds)
        unused = id
        let key = hostKey(host)
        let put = EtcdOperation.put(key: key, value: try Self.encoded(StoredHost(record)), lease: id)
        let answer = try await client.transaction(
            EtcdTransaction(
                compare: [.init(key: key, createRevision: 0)], success: [put], failure: [.range(key: key, end: nil)]))
        // If the answer of one etcd member was lost, the client has sent the transaction again, to another member. The first attempt may already have
        // created the key with this new lease.
        guard answer.isDone || answer.parts.first?.range?.pairs.first?.lease?.value == id else {
            throw .nameTaken(host)
        }
        lease = id
        unused = nil
        written = record
        return sent
    }

    package func abandon() {
        unused = lease ?? unused
        lease = nil
        written = nil
    }

    package func leave() async throws(LeaseProblem) {
        guard let id = lease ?? unused else { return }
        abandon()
        try await client.revoke(id)
        unused = nil
    }

    // MARK: The fleet

    package func observe(_ integrations: Set<String> = []) async throws(LeaseProblem) -> FleetObservation {
        let known = revision
        let answer = try await client.transaction(
            EtcdTransaction(success: [
                all("hosts/"), all("drain/"), all("owners/", changedSince: known.map { $0 + 1 }),
                .range(key: prefix + "owners/", end: prefix + "owners0", isCountOnly: true),
            ]))
        let parts = answer.parts.compactMap(\.range)
        guard parts.count == 4 else {
            throw .unavailable("etcd's answer is incomplete. If this persists, check etcd")
        }
        if known == nil { (owners, ownerLeases) = ([:], [:]) }
        for pair in parts[2].pairs { add(pair) }
        revision = answer.revision
        if owners.count != parts[3].total || answer.revision < known ?? 0 {
            // Keys were removed, or etcd was restored from a backup. So all keys are read again.
            guard known != nil else {
                throw .unavailable(
                    "etcd's answer contains a different number of keys than it states. If this persists, check etcd")
            }
            revision = nil
            return try await observe(integrations)
        }
        var seen = FleetObservation()
        for pair in parts[0].pairs {
            guard let name = name(pair.key, below: "hosts/") else { continue }
            let stored = pair.value.flatMap { try? JSONDecoder().decode(StoredHost.self, from: $0) }
            seen.hosts[name] = FleetObservation.Host(
                record: stored?.record ?? StoredHost.unreadable, isThis: isOwn(pair.lease?.value))
        }
        // If somebody has removed this host's key, the next renewal writes it again.
        if lease != nil, seen.hosts[host] == nil { written = nil }
        seen.draining = Set(parts[1].pairs.compactMap { name($0.key, below: "drain/") })
        if ownLease != lease {
            ownLease = lease
            for (name, lease) in ownerLeases { owners[name]?.isMine = isOwn(lease) }
        }
        seen.owners = owners
        return seen
    }

    private func isOwn(_ id: Int64?) -> Bool { lease != nil && id == lease }

    private func add(_ pair: EtcdRangeAnswer.Pair) {
        guard let name = name(pair.key, below: "owners/") else { return }
        let stored = pair.value.flatMap { try? JSONDecoder().decode(StoredOwner.self, from: $0) }
        owners[name] = FleetObservation.Owner(
            host: stored?.host ?? "unknown", token: pair.createRevision?.value ?? 0, since: stored?.since ?? 0,
            previousHost: stored?.previousHost, isMine: isOwn(pair.lease?.value))
        ownerLeases[name] = pair.lease?.value
    }

    package func take(_ claims: [Claim]) async throws(LeaseProblem) -> Taken {
        guard let lease else { throw .ended }
        var taken = Taken()
        for start in stride(from: 0, to: claims.count, by: Self.batch) {
            let part = claims[start..<min(start + Self.batch, claims.count)]
            let now = UTCTime.now().milliseconds
            var operations: [EtcdOperation] = []
            for claim in part {
                let key = ownerKey(claim.integration)
                let value = try Self.encoded(StoredOwner(host: host, since: now, previousHost: claim.previousHost))
                operations.append(
                    .transaction(
                        EtcdTransaction(
                            compare: [.init(key: key, createRevision: 0)],
                            success: [.put(key: key, value: value, lease: lease)])))
            }
            let answer: EtcdTransactionAnswer
            do throws(LeaseProblem) {
                answer = try await client.transaction(EtcdTransaction(success: operations))
            } catch .unavailable where !taken.holdings.isEmpty {
                break  // Returns the earlier batches. The next observation shows what else was taken.
            }
            for (claim, outcome) in zip(part, answer.parts) where outcome.transaction?.isDone ?? false {
                taken.holdings.append(
                    Holding(
                        integration: claim.integration, token: answer.revision, since: now,
                        previousHost: claim.previousHost))
            }
        }
        return taken
    }

    package func giveUp(_ tokens: [String: Int64]) async throws(LeaseProblem) {
        let all = tokens.sorted { $0.key < $1.key }
        for start in stride(from: 0, to: all.count, by: Self.batch) {
            let operations = all[start..<min(start + Self.batch, all.count)].map { name, token in
                let key = ownerKey(name)
                return EtcdOperation.transaction(
                    EtcdTransaction(
                        compare: [.init(key: key, createRevision: token)], success: [.delete(key: key)]))
            }
            _ = try await client.transaction(EtcdTransaction(success: operations))
        }
    }

    package func setDraining(_ host: String, _ isDraining: Bool) async throws(LeaseProblem) {
        let key = prefix + "drain/" + host
        let operation: EtcdOperation =
            isDraining ? .put(key: key, value: Array("{}".utf8), lease: nil) : .delete(key: key)
        _ = try await client.transaction(EtcdTransaction(success: [operation]))
    }

    // MARK: Keys and values

    private func hostKey(_ host: String) -> String { prefix + "hosts/" + host }
    private func ownerKey(_ integration: String) -> String { prefix + "owners/" + integration }

    /// Reads all keys below a directory, whose name ends with `/`. The exclusive end of the range has `0` there, the next character after `/`.
    private func all(_ directory: String, changedSince: Int64? = nil) -> EtcdOperation {
        .range(key: prefix + directory, end: prefix + directory.dropLast() + "0", changedSince: changedSince)
    }

    private func name(_ key: Data, below directory: String) -> String? {
        let text = String(decoding: key, as: UTF8.self)
        guard text.hasPrefix(prefix + directory) else { return nil }
        return String(text.dropFirst(prefix.count + directory.count))
    }

    private static func encoded(_ value: some Encodable) throws(LeaseProblem) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { throw .unavailable("a value for etcd can't be encoded") }
        return Array(data)
    }
}

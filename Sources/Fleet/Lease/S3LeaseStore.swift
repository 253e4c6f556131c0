import Configuration
import CurlHTTPClient
import Delivery
import FoundationEssentials
import Time

/// A lease in the fleet's bucket, for a fleet without etcd: one object, `_tributary/lease.json`. The host that holds it collects all integrations;
/// the other hosts are standbys.
///
/// The holder rewrites the object regularly, each time only if nobody else has changed it (`If-Match`). A host takes the lease if no lease exists
/// yet, if the holder has given it up, or if the host has seen the object unchanged for the time to live, by the host's own clock. If the term of the
/// holder itself has ended, the holder may take the lease again at once. The clocks of the hosts and the store need not agree.
package actor S3LeaseStore: LeaseStore {
    /// The object's key, without the prefix of the bucket.
    package static let path = "_tributary/lease.json"
    /// The largest number of hosts that may be asked to drain at the same time.
    private static let maximumDraining = 64
    /// The maximum number of attempts to write the object. An attempt fails if another process has written the object first.
    private static let attempts = 5

    package nonisolated let engine = LeaseType.s3
    package nonisolated let pollInterval: Duration

    /// The object as it was last read or written.
    private struct Known {
        var lease: StoredLease
        var etag: String
        /// When this host first saw the object with this content.
        var since: ContinuousClock.Instant
    }

    private let client: S3Client
    private let headers: HTTPHeaders
    private let fleet: String
    private let host: String
    private let ttl: Duration
    private let limit: Duration
    /// An id of this process, because two hosts may have the same name by mistake.
    private let instance: String
    private var record: HostRecord?
    private var known: Known?
    /// The number of the term in which this process holds the lease; nil if it does not hold the lease.
    private var term: Int64?
    /// The integrations that this process collects under the lease.
    private var kept: Set<String> = []
    /// The integrations that this process has handed over while it still holds the lease.
    private var given: Set<String> = []

    /// - Parameter encryption: the encryption to request from the store; nil for the bucket's default.
    package init(_ client: S3Client, encryption: String?, fleet: String, host: String, ttl: Duration) {
        self.client = client
        var headers = HTTPHeaders()
        if let encryption { headers.append("x-amz-server-side-encryption", encryption) }
        self.headers = headers
        self.fleet = fleet
        self.host = host
        self.ttl = ttl
        limit = max(.milliseconds(500), min(ttl / 4, .seconds(5)))
        pollInterval = min(ttl / 3, .milliseconds(600))
        instance = HostPreference.digest(of: [host, "\(UInt64.random(in: 0 ... .max))"])
    }

    // MARK: This host's lease

    package func renew(_ record: HostRecord) async throws(LeaseProblem) -> ContinuousClock.Instant? {
        self.record = record
        if !record.isDraining { given = [] }
        guard let term else { return nil }
        for _ in 0..<Self.attempts {
            guard let known, isMine(known.lease), known.lease.term == term else { break }
            var lease = known.lease
            lease.renewal += 1
            lease.holder?.use(record)
            let sent = ContinuousClock.now
            if try await write(lease, if: .isUnchanged(known.etag)) {
                guard self.term == term else { throw .ended }
                return sent
            }
            // The write was refused because the object has changed: another process has requested a drain or taken the lease over, or the answer to
            // an earlier write was lost.
            try await read()
        }
        self.term = nil
        throw .ended
    }

    package func take(_ claims: [Claim]) async throws(LeaseProblem) -> Taken {
        guard let record, term == nil else { return Taken() }
        let now = UTCTime.now().milliseconds
        var lease = known?.lease ?? StoredLease(fleet: fleet)
        let last = lease.holder?.host ?? lease.lastHolder
        let previous = last == host ? nil : last
        lease.term += 1
        lease.renewal += 1
        lease.holder = StoredLease.Holder(
            host: host, instance: instance, since: now, previousHost: previous, ttl: ttl, record)
        let sent = ContinuousClock.now
        guard try await write(lease, if: known.map { .isUnchanged($0.etag) } ?? .isNew) else { return Taken() }
        term = lease.term
        (kept, given) = (Set(claims.map(\.integration)), [])
        let holdings = claims.map { claim in
            Holding(
                integration: claim.integration, token: lease.term, since: now, previousHost: previous)
        }
        return Taken(holdings: holdings, from: sent)
    }

    package func giveUp(_ tokens: [String: Int64]) async throws(LeaseProblem) {
        given.formUnion(tokens.keys)
        kept.subtract(tokens.keys)
        if kept.isEmpty { try await letGo() }
    }

    package func leave() async throws(LeaseProblem) { try await letGo() }

    /// Lets another host take the lease at once.
    private func letGo() async throws(LeaseProblem) {
        guard term != nil else { return }
        for _ in 0..<Self.attempts {
            guard let known, isMine(known.lease), known.lease.term == term else { break }
            var lease = known.lease
            lease.renewal += 1
            lease.lastHolder = lease.holder?.host
            lease.holder = nil
            if try await write(lease, if: .isUnchanged(known.etag)) { break }
            try await read()
        }
        term = nil
    }

    package func abandon() { term = nil }

    // MARK: The fleet

    package func observe(_ integrations: Set<String>) async throws(LeaseProblem) -> FleetObservation {
        // The holder need not read the object here. If another process has changed the object, the holder's next renewal is refused, and the holder
        // then reads the object.
        if term == nil { try await read() }
        var seen = FleetObservation()
        guard let known else { return seen }
        seen.draining = Set(known.lease.drain)
        let isHeldHere = term != nil
        guard let holder = known.lease.holder, isHeldHere || !isOver(known) else { return seen }
        seen.hosts[holder.host] = FleetObservation.Host(record: holder.record, isThis: isHeldHere)
        if isHeldHere { kept.formUnion(integrations.subtracting(given)) }
        for integration in isHeldHere ? integrations.union(kept) : integrations {
            seen.owners[integration] = FleetObservation.Owner(
                host: holder.host, token: known.lease.term, since: holder.since, previousHost: holder.previousHost,
                isMine: isHeldHere && kept.contains(integration))
        }
        return seen
    }

    package func setDraining(_ host: String, _ isDraining: Bool) async throws(LeaseProblem) {
        for _ in 0..<Self.attempts {
            try await read()
            var lease = known?.lease ?? StoredLease(fleet: fleet)
            guard lease.drain.contains(host) != isDraining else { return }
            lease.drain.removeAll { $0 == host }
            if isDraining { lease.drain.append(host) }
            guard lease.drain.count <= Self.maximumDraining else {
                throw .refused("\(Self.maximumDraining) hosts are asked to drain already, which is the limit")
            }
            lease.renewal += 1
            if try await write(lease, if: known.map { .isUnchanged($0.etag) } ?? .isNew) { return }
        }
        throw .unavailable("\(Self.path) could not be changed, because other processes keep changing it. Try again")
    }

    private func isMine(_ lease: StoredLease) -> Bool { lease.holder?.instance == instance }

    /// True if this host may take the lease over: there is no holder, the holder is this process in an earlier term, or another holder has not
    /// renewed the lease in time.
    private func isOver(_ known: Known) -> Bool {
        guard let holder = known.lease.holder else { return true }
        let end = known.since + max(ttl, .milliseconds(holder.ttlMilliseconds))
        return isMine(known.lease) || end <= .now
    }

    // MARK: The object

    private func read() async throws(LeaseProblem) {
        let read: S3Read?
        do throws(S3Problem) {
            read = try await client.read(Self.path, limit: 64 << 10, within: limit)
        } catch { throw Self.problem(error) }
        guard let read else { return known = nil }
        guard read.etag != known?.etag else { return }
        guard let lease = try? JSONDecoder().decode(StoredLease.self, from: Data(read.bytes)) else {
            throw .refused(
                "\(Self.path) in the fleet's bucket is not a lease of this version of Tributary. Delete it if no host of the fleet is running"
            )
        }
        guard lease.fleet == fleet else {
            throw .refused(
                "the bucket belongs to the fleet “\(lease.fleet.oneLine(limit: 64))”. Correct fleet.name, or use another bucket or prefix"
            )
        }
        known = Known(lease: lease, etag: read.etag, since: .now)
    }

    /// - Returns: true if the object was written; false if the condition did not hold.
    private func write(_ lease: StoredLease, if condition: S3Condition) async throws(LeaseProblem) -> Bool {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(lease) else { throw .unavailable("the lease can't be encoded") }
        do throws(S3Problem) {
            switch try await client.write(Self.path, Array(body), if: condition, headers: headers, within: limit) {
            case .stored(let etag):
                known = Known(lease: lease, etag: etag, since: .now)
                return true
            case .refused: return false
            }
        } catch { throw Self.problem(error) }
    }

    private static func problem(_ problem: S3Problem) -> LeaseProblem {
        problem.isCancelled ? .cancelled : .unavailable(problem.description)
    }
}

import CurlHTTPClient
import Fleet
import Logging
import Synchronization

/// What has happened on all hosts of a test, in order.
final class Ledger: Sendable {
    enum Event: Sendable, Equatable {
        case gained(String, from: String?)
        case lost(String)
        case release(String)
        case released(String)
    }

    struct Entry: Sendable {
        let host: String
        let event: Event
        let at: ContinuousClock.Instant
    }

    private let state = Mutex((entries: [Entry](), holders: [String: FleetHost](), doubles: [String]()))

    var entries: [Entry] { state.withLock { $0.entries } }
    /// Descriptions of the moments at which two hosts held the same integration.
    var doubles: [String] { state.withLock { $0.doubles } }

    func write(_ host: FleetHost, _ event: Event) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.entries.append(Entry(host: host.name, event: event, at: now))
            switch event {
            case .gained(let integration, _):
                if let other = state.holders[integration], other !== host, other.keeper?.term.isValid(at: now) ?? false
                {
                    state.doubles.append("\(integration): \(host.name) gained it while \(other.name) holds it")
                }
                state.holders[integration] = host
            case .lost(let integration), .released(let integration):
                if state.holders[integration] === host { state.holders[integration] = nil }
            case .release: break
            }
        }
    }

    /// The entries of one host.
    func of(_ host: String) -> [Event] { entries.filter { $0.host == host }.map(\.event) }
}

/// A host of a fleet in a test: a lease keeper with an observer that records the keeper's calls.
final class FleetHost: HoldingObserver, Sendable {
    let name: String
    let ledger: Ledger
    let transport: CuttableTransport
    let log = RecordedLog()
    private let handOver: Duration
    private let parts = Mutex<(keeper: LeaseKeeper?, task: Task<Void, Never>?)>((nil, nil))

    var keeper: LeaseKeeper? { parts.withLock { $0.keeper } }

    /// Creates a host with its leases in etcd.
    convenience init(
        _ name: String, _ endpoints: [String], _ integrations: Set<String>, ledger: Ledger,
        handOver: Duration = .milliseconds(20), ttl: Duration = .seconds(2)
    ) throws {
        let transport = CuttableTransport(try CurlTransport())
        let store = EtcdLeaseStore(
            transport: transport, endpoints: endpoints, fleet: "test", host: name, ttl: ttl)
        self.init(name, store, transport, integrations, ledger: ledger, handOver: handOver, ttl: ttl)
    }

    /// - Parameter transport: the transport to the lease store.
    init(
        _ name: String, _ store: any LeaseStore, _ transport: CuttableTransport, _ integrations: Set<String>,
        ledger: Ledger, handOver: Duration = .milliseconds(20), ttl: Duration = .seconds(2)
    ) {
        self.name = name
        self.ledger = ledger
        self.handOver = handOver
        self.transport = transport
        let log = log
        let keeper = LeaseKeeper(
            store: store, fleet: "test", host: name, version: "1", integrations: integrations, ttl: ttl,
            observer: self, logger: Logger(label: "test") { _ in log })
        let task = Task { await keeper.run() }
        parts.withLock { $0 = (keeper, task) }
    }

    func gained(_ holding: Holding) async {
        ledger.write(self, .gained(holding.integration, from: holding.previousHost))
    }
    func lost(_ integration: String) async { ledger.write(self, .lost(integration)) }
    func release(_ integration: String) async {
        ledger.write(self, .release(integration))
        try? await Task.sleep(for: handOver)
        ledger.write(self, .released(integration))
    }

    /// The number of integrations that the host holds.
    var held: Int { get async { await keeper?.holdings.count ?? 0 } }

    /// Ends the host as SIGKILL would, without handing anything over.
    func kill() async {
        let task = parts.withLock { $0.task }
        task?.cancel()
        await task?.value
    }

    /// Hands over the host's integrations, and ends the host.
    func stop() async {
        await keeper?.stop()
        await kill()
    }
}

/// A transport that a test can cut off from the network.
final class CuttableTransport: HTTPTransport {
    enum Cut: Sendable {
        case none
        /// Requests fail immediately.
        case refused
        /// Requests and answers are never delivered.
        case silent
    }

    private let transport: any HTTPTransport
    private let state = Mutex((cut: Cut.none, requests: 0))

    init(_ transport: any HTTPTransport) { self.transport = transport }

    var requests: Int { state.withLock { $0.requests } }

    func cut(_ cut: Cut) { state.withLock { $0.cut = cut } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        state.withLock { $0.requests += 1 }
        try await fail(request)
        let response = try await transport.send(request)
        try await fail(request)
        return response
    }

    private func fail(_ request: HTTPRequest) async throws(TransportError) {
        switch state.withLock({ $0.cut }) {
        case .none: return
        case .refused: throw TransportError(.connect, host: "etcd", detail: "cut")
        case .silent:
            try? await Task.sleep(for: request.limits.total)
            throw TransportError(Task.isCancelled ? .cancelled : .timeout, host: "etcd", detail: "cut")
        }
    }
}

/// A log handler that keeps the logged lines.
final class RecordedLog: LogHandler, Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { kept.withLock { $0.append("\(event.level): \(event.message)") } }
}

/// Checks a condition repeatedly until it is true or the time limit is over.
///
/// - Returns: whether the condition became true within the limit.
func eventually(_ limit: Duration = .seconds(20), _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}

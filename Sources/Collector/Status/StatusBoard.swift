import Synchronization

/// Where every part of the daemon notes how it is, and the reporter reads it.
final class StatusBoard: Sendable {
    /// What does not change while an integration runs.
    struct Entry: Sendable {
        let name: String
        let org: String
        let credential: String
        let credentialExpires: String?
        var health: IntegrationHealth
        var rate = RateMeter()
    }

    /// An integration's name.
    typealias ID = String

    private struct State {
        var entries: [ID: Entry] = [:]
        /// As they were added.
        var order: [ID] = []
        var segmentsSealed = 0
        var isStopping = false
    }

    private let state = Mutex(State())

    /// Adds an integration, or begins again with one of that name.
    @discardableResult
    func add(_ entry: Entry) -> ID {
        state.withLock { state in
            if state.entries.updateValue(entry, forKey: entry.name) == nil { state.order.append(entry.name) }
            return entry.name
        }
    }

    /// Its collector may still tell of its last page; that is for nobody.
    func remove(_ id: ID) {
        state.withLock { state in
            if state.entries.removeValue(forKey: id) != nil { state.order.removeAll { $0 == id } }
        }
    }

    /// Changes one integration's health, and gives back what the change said.
    func update<Result: Sendable>(_ id: ID, _ body: (inout IntegrationHealth) -> sending Result) -> sending Result {
        state.withLock { state in
            if let index = state.entries.index(forKey: id) { return body(&state.entries.values[index].health) }
            var nobody = IntegrationHealth(since: WallClock.now())
            return body(&nobody)
        }
    }

    /// Whether every integration's spool was looked at: what `READY=1` promises.
    var isEverythingOpened: Bool {
        state.withLock { state in state.entries.values.allSatisfy(\.health.isOpened) }
    }

    /// From SIGTERM on.
    var isStopping: Bool { state.withLock(\.isStopping) }

    func stopping() {
        state.withLock { $0.isStopping = true }
    }

    func sealed(_ segments: Int) {
        state.withLock { $0.segmentsSealed += segments }
    }

    /// Everything at one moment. Called at most once a second: each call is a sample for the rates.
    func snapshot(now: ContinuousClock.Instant) -> (entries: [Entry], segmentsSealed: Int) {
        state.withLock { state in
            for id in state.order {
                let total = state.entries[id]?.health.events ?? 0
                state.entries[id]?.rate.sample(total, at: now)
            }
            return (state.order.compactMap { state.entries[$0] }, state.segmentsSealed)
        }
    }
}

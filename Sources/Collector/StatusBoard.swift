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

    private struct State {
        var entries: [Entry] = []
        var segmentsSealed = 0
        var isStopping = false
    }

    private let state = Mutex(State())

    func add(_ entry: Entry) -> Int {
        state.withLock { state in
            state.entries.append(entry)
            return state.entries.count - 1
        }
    }

    /// Changes one integration's health, and gives back what the change said.
    func update<Result: Sendable>(_ index: Int, _ body: (inout IntegrationHealth) -> sending Result) -> sending Result {
        state.withLock { state in body(&state.entries[index].health) }
    }

    /// Whether every integration's spool was looked at: what `READY=1` promises.
    var isEverythingOpened: Bool {
        state.withLock { state in state.entries.allSatisfy(\.health.isOpened) }
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
            for index in state.entries.indices {
                let total = state.entries[index].health.events
                state.entries[index].rate.sample(total, at: now)
            }
            return (state.entries, state.segmentsSealed)
        }
    }
}

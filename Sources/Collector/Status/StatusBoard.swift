import Configuration
import ResponseLog
import Synchronization

/// Every part of the daemon records its state here, and the reporter reads it.
final class StatusBoard: Sendable {
    /// An integration: the facts that do not change while it runs, and its health and rate.
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

    /// Which configuration is in force, and the result of the last reload.
    struct ConfigurationState: Sendable {
        /// Why a configuration was refused.
        struct Refusal: Sendable {
            /// When the configuration was refused, in milliseconds since 1970.
            var at: Int64
            /// The problems, at least one.
            var problems: [String]
        }

        /// The absolute path of the main file; nil if there is none.
        var file: String?
        /// When the configuration came into force, in milliseconds since 1970.
        var inForceSince: Int64
        /// The number of reloads that have begun since the start. A reload is counted here before it reads the files.
        var begun = 0
        /// The number of reloads that have ended since the start.
        var finished = 0
        /// Why the last reload was refused; nil if it succeeded, or if there was none.
        var refusal: Refusal?
        /// A description of what the last successful reload changed.
        var change: String?
        /// Keys whose new value takes effect only after a restart.
        var restartNeeded: [String] = []
    }

    private struct State {
        var configuration = ConfigurationState(inForceSince: WallClock.now())
        var entries: [ID: Entry] = [:]
        /// The names of the integrations in the order in which they are shown.
        var order: [ID] = []
        var segmentsSealed = 0
        /// The fleet's leases; nil outside a fleet.
        var fleet: FleetBoard?
        /// The results of response actions by integration: at most one entry for each integration that ever was in the configuration.
        var responses: [ID: StatusReport.ResponseActivity] = [:]
        var isStopping = false
    }

    private let state = Mutex(State())

    /// Adds an integration. If there is an entry of that name, the new entry replaces it and takes over its health and rate.
    @discardableResult
    func add(_ entry: Entry) -> ID {
        state.withLock { state in
            var entry = entry
            if let earlier = state.entries[entry.name] {
                entry.health = earlier.health
                entry.health.restarted()
                entry.rate = earlier.rate
            } else {
                state.order.append(entry.name)
            }
            state.entries[entry.name] = entry
            return entry.name
        }
    }

    /// Shows the integrations in this order. Integrations that are not named come last.
    func sort(by names: [ID]) {
        state.withLock { state in
            let known = names.filter { state.entries[$0] != nil }
            let named = Set(known)
            state.order = known + state.order.filter { !named.contains($0) }
        }
    }

    var configuration: ConfigurationState { state.withLock(\.configuration) }

    func updateConfiguration(_ body: (inout ConfigurationState) -> Void) {
        state.withLock { body(&$0.configuration) }
    }

    /// Removes an integration. Later reports of its collector are ignored.
    func remove(_ id: ID) {
        state.withLock { state in
            if state.entries.removeValue(forKey: id) != nil { state.order.removeAll { $0 == id } }
        }
    }

    /// Changes one integration's health with `body`, and returns the result of `body`.
    func update<Result: Sendable>(_ id: ID, _ body: (inout IntegrationHealth) -> sending Result) -> sending Result {
        state.withLock { state in
            if let index = state.entries.index(forKey: id) { return body(&state.entries.values[index].health) }
            var nobody = IntegrationHealth(since: WallClock.now())
            return body(&nobody)
        }
    }

    /// True once each integration has opened its spool, has a known problem that prevents this, or is paused or on standby. `READY=1` is sent then.
    var isEverythingOpened: Bool {
        state.withLock { state in state.entries.values.allSatisfy(\.health.isOpened) }
    }

    /// Whether the daemon is stopping: true from SIGTERM on.
    var isStopping: Bool { state.withLock(\.isStopping) }

    func stopping() {
        state.withLock { $0.isStopping = true }
    }

    func sealed(_ segments: Int) {
        state.withLock { $0.segmentsSealed += segments }
    }

    /// The state of the fleet's leases; nil outside a fleet.
    var fleet: FleetBoard? { state.withLock(\.fleet) }

    func updateFleet(_ body: (inout FleetBoard?) -> Void) { state.withLock { body(&$0.fleet) } }

    /// Records the results of response actions.
    func responded(_ entries: [ResponseEntry]) {
        state.withLock { state in
            for entry in entries {
                state.responses[entry.integration, default: .init(name: entry.integration)].note(entry)
            }
        }
    }

    /// The results of response actions, sorted by the names of the integrations; nil if there are no results.
    var responses: [StatusReport.ResponseActivity]? {
        let all = state.withLock(\.responses)
        return all.isEmpty ? nil : all.values.sorted { $0.name < $1.name }
    }

    /// The credentials of the integrations that are collecting at the moment. Okta has accepted these credentials, because otherwise nothing could be
    /// collected. In a fleet, the integrations that other hosts hold count as collecting.
    var acceptedCredentials: Set<String> {
        state.withLock { state in
            let fleet = state.fleet
            let used = state.entries.values.filter { entry in
                entry.health.state.isHealthy
                    || entry.health.state == .standby && fleet?.holder(of: entry.name).host != nil
            }
            return Set(used.map(\.credential))
        }
    }

    /// The state of everything at one moment.
    ///
    /// - Parameter isSample: whether to take a sample for the rates. Only the regular reports do so, because each sample needs memory.
    func snapshot(
        now: ContinuousClock.Instant, isSample: Bool = true
    ) -> (entries: [Entry], segmentsSealed: Int) {
        state.withLock { state in
            for id in state.order where isSample {
                let total = state.entries[id]?.health.events ?? 0
                state.entries[id]?.rate.sample(total, at: now)
            }
            return (state.order.compactMap { state.entries[$0] }, state.segmentsSealed)
        }
    }
}

extension StatusBoard.Entry {
    /// The entry of a configured integration.
    init(
        _ integration: Configuration.Integration, _ ingest: Configuration.DataIngest, health: IntegrationHealth
    ) {
        self.init(
            name: integration.name.text, org: integration.url.origin, credential: ingest.credential.name.text,
            credentialExpires: ingest.credential.expires?.description, health: health)
    }
}

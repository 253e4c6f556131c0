import Collector
import Configuration
import Delivery
import LocalServer
import Synchronization

/// The state that the listener and the text file show, and a cache of response bodies. A body is made once; all clients get the same one until the
/// state changes.
final class MonitoringState: Sendable {
    private struct State {
        var snapshot: Snapshot?
        var destinations: [DestinationStatus] = []
        var reportedAt: ContinuousClock.Instant
        /// Counts the changes of the report and of the destinations.
        var generation = 0
        /// The number of samples that were taken.
        var samples = 0
        var history = RateHistory()
        var troubles = TroubleLog()
        var made: [Document: (generation: Int, body: ResponseBody)] = [:]

        /// A number that grows whenever the content of a document may have changed. A cached body that was made for the present number is up to date.
        func generation(of document: Document) -> Int { document == .history ? generation + samples : generation }
    }

    /// The documents whose bodies are cached.
    enum Document: Hashable { case metrics, status, history }

    private let state = Mutex(State(reportedAt: .now))

    func reported(_ report: StatusReport, isReady: Bool) {
        state.withLock { state in
            state.snapshot = Snapshot(
                report: report, isReady: isReady, destinations: state.destinations)
            state.reportedAt = .now
            state.generation += 1
            state.troubles.note(report)
        }
    }

    func show(_ destinations: [DestinationStatus]) {
        state.withLock { state in
            guard !destinations.isEmpty || !state.destinations.isEmpty else { return }
            state.destinations = destinations
            state.snapshot?.destinations = destinations
            state.generation += 1
        }
    }

    /// Takes a sample for the sparklines, and returns the seconds until the next one is due.
    func sample() -> Int {
        state.withLock { state in
            guard let report = state.snapshot?.report else { return state.history.interval }
            state.history.sample(report.integrations.map { ($0.name, $0.events, $0.lagSeconds) })
            state.samples += 1
            return state.history.interval
        }
    }

    var health: HealthCheck {
        state.withLock { HealthCheck(snapshot: $0.snapshot, silence: .now - $0.reportedAt) }
    }

    /// A document's body; nil before the first report. The body is made outside of the lock, so that reports never wait for it.
    func body(_ document: Document) -> ResponseBody? {
        let (snapshot, history, troubles, generation, made) = state.withLock { state in
            (state.snapshot, state.history, state.troubles, state.generation(of: document), state.made[document])
        }
        guard var snapshot else { return nil }
        if let made, made.generation == generation { return made.body }
        let body =
            switch document {
            case .metrics:
                {
                    snapshot.process = ProcessFigures.now()
                    return ResponseBody(MetricsText(snapshot).bytes)
                }()
            case .status: ResponseBody(StatusDocuments.status(snapshot))
            case .history: ResponseBody(StatusDocuments.history(history, troubles))
            }
        state.withLock { $0.made[document] = (generation, body) }
        return body
    }
}

import Collector
import Configuration
import Delivery
import LocalServer
import Synchronization

/// What the listener and the text file show, and the bodies that were made of it: each is made once for all clients that ask for it meanwhile.
final class MonitoringState: Sendable {
    private struct State {
        var snapshot: Snapshot?
        var destinations: [DestinationStatus] = []
        var reportedAt: ContinuousClock.Instant
        /// Counts the changes of what is shown.
        var generation = 0
        var history = RateHistory()
        var troubles = TroubleLog()
        var made: [Document: (generation: Int, body: ResponseBody)] = [:]
    }

    /// What is made of a snapshot.
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
            state.generation += 1
            return state.history.interval
        }
    }

    var health: HealthCheck {
        state.withLock { HealthCheck(snapshot: $0.snapshot, silence: .now - $0.reportedAt) }
    }

    /// Nil before the first report. It is made outside of the lock: a report must not wait for it.
    func body(_ document: Document) -> ResponseBody? {
        let (snapshot, history, troubles, generation, made) = state.withLock { state in
            (state.snapshot, state.history, state.troubles, state.generation, state.made[document])
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

import Collector

/// Waits until a new integration collects.
struct FirstEvents {
    let daemon: RunningReport
    let interruption: Interruption

    enum Outcome: Sendable {
        /// The integration collects, and has some or all of the events up to now.
        case collecting(StatusReport.Integration)
        /// The named host of the fleet collects the integration.
        case elsewhere(String)
        /// The integration has a problem.
        case failing(StatusReport.Integration)
        /// The time for the wait is over, and the integration neither collects nor has a problem.
        case late
        /// The user pressed Ctrl-C to end the wait.
        case left
    }

    /// A problem is reported if it lasts this long. Shorter problems often end without help.
    private static let grace = Duration.seconds(5)

    func wait(for name: String, within limit: Duration) async -> Outcome {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        var failingSince: ContinuousClock.Instant?
        var last: StatusReport.Integration?
        while clock.now < deadline {
            if interruption.isRaised { return .left }
            last = daemon.current?.integrations.first { $0.name == name }
            if let last, last.state == .live || (last.state.isHealthy && last.events > 0) { return .collecting(last) }
            if let last, last.isStandby, let host = last.holder?.host { return .elsewhere(host) }
            if let last, last.state == .failing {
                let since = failingSince ?? clock.now
                failingSince = since
                if clock.now - since >= Self.grace { return .failing(last) }
            } else {
                failingSince = nil
            }
            try? await clock.sleep(for: .milliseconds(100))
        }
        if let last, last.problem != nil { return .failing(last) }
        return .late
    }
}

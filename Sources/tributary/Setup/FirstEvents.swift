import Collector

/// Waits until a new integration collects.
struct FirstEvents {
    let daemon: RunningReport
    let interruption: Interruption

    enum Outcome: Sendable {
        /// It collects; everything up to now, or some of it.
        case collecting(StatusReport.Integration)
        /// Something is wrong.
        case failing(StatusReport.Integration)
        /// Nothing is known in time.
        case late
        /// Ctrl-C: nobody wants to wait any longer.
        case left
    }

    /// Trouble that lasts so long is told; a shorter one often goes by itself.
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

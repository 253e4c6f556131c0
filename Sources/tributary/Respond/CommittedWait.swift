import ArgumentParser
import Configuration
import Respond
import ResponseLog

/// `--wait`: waits until the daemon has committed Okta's events about the actions.
struct CommittedWait {
    struct Seen {
        var committed: [CommittedActions.Action] = []
        var missing: [CommittedActions.Awaited] = []
        /// Why the wait ended early.
        var failure: Responder.Failure?

        /// The result of the wait as a stable code for programs.
        var code: String { failure?.code ?? (missing.isEmpty ? "committed" : "not-committed") }
        /// The exit code of the command, if the action itself succeeded.
        var status: ExitCode { failure?.status ?? (missing.isEmpty ? .success : ExitStatus.unavailable) }
    }

    private let responder: Responder
    private let time: ConfigurationDuration
    private let interruption: Interruption

    init(_ responder: Responder, for time: ConfigurationDuration, _ interruption: Interruption) {
        self.responder = responder
        self.time = time
        self.interruption = interruption
    }

    /// - Returns: nil if there is nothing to wait for.
    func run(_ entries: [ResponseEntry]) -> Seen? {
        var awaited: [CommittedActions.Awaited] = []
        for entry in entries where entry.result?.outcome == .done {
            guard let id = entry.result?.oktaRequestID else { continue }
            awaited.append(CommittedActions.Awaited(integration: entry.integration, transactionID: id))
        }
        guard !awaited.isEmpty else { return nil }
        let clock = ContinuousClock()
        let deadline = clock.now + time.duration
        var seen = Seen()
        var rest = awaited[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(ResponseAsk.waitLimit))
            rest = rest.dropFirst(some.count)
            let seconds = max(0, Int((deadline - clock.now).components.seconds))
            do throws(Responder.Failure) {
                let answer = try responder.ask(
                    .wait(transactions: some, seconds: seconds), silence: .seconds(seconds + 30),
                    isOver: { interruption.isRaised })
                guard case .seen(let committed, let missing) = answer else { throw Responder.unexpected }
                seen.committed += committed
                seen.missing += missing
            } catch {
                seen.missing += some + rest
                seen.failure = error
                break
            }
        }
        return seen
    }

    func say(_ seen: Seen) {
        for action in seen.committed {
            Terminal.result(
                "\(action.eventType) is collected: event \(action.uuid), committed \(action.committedAt)".printable)
        }
        sayWhatIsMissing(seen)
    }

    private func sayWhatIsMissing(_ seen: Seen) {
        if let failure = seen.failure {
            return Terminal.complain(
                "tributary: the action is done, but the wait for Okta's events about it ended early: \(failure.message.printable)"
            )
        }
        guard !seen.missing.isEmpty else { return }
        Terminal.complain(
            """
            tributary: the action is done, but the daemon has not committed \(seen.missing.count == 1 ? "Okta's event about it" : "\(seen.missing.count) of Okta's events about it") \
            within \(time): see tributary status. Okta's request ids: \(seen.missing.prefix(5).map(\.transactionID).joined(separator: ", "))\
            \(seen.missing.count > 5 ? ", …" : "")
            """.printable)
    }
}

import CSystemd

/// Tells the service manager how the daemon does, through sd_notify(3).
///
/// Without `NOTIFY_SOCKET` in the environment, that is outside a `Type=notify` unit, every call does nothing. A notification that can't be
/// delivered is not an error of the daemon's: what follows from it, a start that times out or a watchdog that bites, is the service manager's.
///
/// ```swift
/// let notifier = ServiceNotifier()
/// notifier.ready(status: "2 of 2 integrations live")
/// ```
package struct ServiceNotifier: Sendable {
    private let send: @Sendable (String) -> Void

    /// The notifier of this process.
    package init() {
        send = { state in _ = sd_notify(0, state) }
    }

    /// A notifier that hands the notification's text to `send`.
    init(send: @escaping @Sendable (String) -> Void) {
        self.send = send
    }

    /// `READY=1`: start-up, or the reload announced by ``reloading(status:)``, is finished.
    package func ready(status: String? = nil) {
        send(NotifyMessage.ready(status: status).state)
    }

    /// `STATUS=`: one line for `systemctl status`. Control characters are escaped, 1024 bytes are kept.
    package func status(_ text: String) {
        send(NotifyMessage.status(text).state)
    }

    /// `WATCHDOG=1`: alive. ``Watchdog`` sends it; nothing else should.
    package func keepAlive() {
        send(NotifyMessage.watchdog.state)
    }

    /// `STOPPING=1`: shutting down, whether asked to or not.
    package func stopping(status: String? = nil) {
        send(NotifyMessage.stopping(status: status).state)
    }

    /// `RELOADING=1` with `MONOTONIC_USEC=`; ``ready(status:)`` must follow, whatever the outcome.
    package func reloading(status: String? = nil) {
        send(NotifyMessage.reloading(at: .now(), status: status).state)
    }

    /// `EXTEND_TIMEOUT_USEC=` and `STATUS=`: start-up or a reload waits for something and needs more time. The service manager must hear from
    /// the daemon again within `time`.
    package func waiting(extendBy time: Duration, status: String) {
        send(NotifyMessage.waiting(extendBy: time, status: status).state)
    }

    /// `ERRNO=` and `STATUS=`: why the daemon is about to exit with a failure.
    package func failed(errno: Int32, status: String) {
        send(NotifyMessage.failed(errno: errno, status: status).state)
    }
}

import CSystemd

/// Reports the daemon's state to the service manager through sd_notify(3).
///
/// Outside a `Type=notify` unit, the environment has no `NOTIFY_SOCKET`, and calls do nothing. A notification that can't be delivered is not an
/// error of the daemon. The service manager handles the consequence, such as a start that times out.
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

    /// A notifier that passes the notification's text to `send`.
    init(send: @escaping @Sendable (String) -> Void) {
        self.send = send
    }

    /// `READY=1`: the start, or the reload announced by ``reloading(status:)``, is finished.
    package func ready(status: String? = nil) {
        send(NotifyMessage.ready(status: status).state)
    }

    /// `STATUS=`: one line for `systemctl status`. Control characters are escaped, and at most 1024 bytes are kept.
    package func status(_ text: String) {
        send(NotifyMessage.status(text).state)
    }

    /// `WATCHDOG=1`: the daemon is alive. Only ``Watchdog`` should send this.
    package func keepAlive() {
        send(NotifyMessage.watchdog.state)
    }

    /// `STOPPING=1`: the daemon is shutting down, on request or because of an error.
    package func stopping(status: String? = nil) {
        send(NotifyMessage.stopping(status: status).state)
    }

    /// `RELOADING=1` with `MONOTONIC_USEC=`. ``ready(status:)`` must be called afterwards, even if the reload fails.
    package func reloading(status: String? = nil) {
        send(NotifyMessage.reloading(at: .now(), status: status).state)
    }

    /// `EXTEND_TIMEOUT_USEC=` and `STATUS=`: the start or a reload waits for something and needs more time. The service manager must hear from
    /// the daemon again within `time`.
    package func waiting(extendBy time: Duration, status: String) {
        send(NotifyMessage.waiting(extendBy: time, status: status).state)
    }

    /// `ERRNO=` and `STATUS=`: why the daemon is about to exit with an error.
    package func failed(errno: Int32, status: String) {
        send(NotifyMessage.failed(errno: errno, status: status).state)
    }
}

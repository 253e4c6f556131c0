import ServiceLifecycle
import Systemd

/// Notifies the watchdog for as long as the service group lives, including the final seal at a stop.
struct WatchdogService: Service {
    let watchdog: Watchdog

    func run() async throws {
        await cancelWhenGracefulShutdown { await watchdog.run() }
    }
}

import ServiceLifecycle
import Systemd

/// The watchdog for as long as the group lives, through the flush at a stop.
struct WatchdogService: Service {
    let watchdog: Watchdog

    func run() async throws {
        await cancelWhenGracefulShutdown { await watchdog.run() }
    }
}

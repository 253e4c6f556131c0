import ServiceLifecycle
import Systemd

/// Notifies systemd's watchdog. This is the first service of the group, so a graceful shutdown ends it last: after the final seal.
struct WatchdogService: Service {
    let watchdog: Watchdog

    func run() async throws {
        await cancelWhenGracefulShutdown { await watchdog.run() }
    }
}

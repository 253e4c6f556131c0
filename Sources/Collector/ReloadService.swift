import ServiceLifecycle
import UnixSignals

/// Loads the configuration again on SIGHUP, one reload at a time.
struct ReloadService: Service {
    let hangups: UnixSignalsSequence
    let reloader: Reloader

    func run() async throws {
        for await _ in hangups.cancelOnGracefulShutdown() { await reloader.reload() }
    }
}

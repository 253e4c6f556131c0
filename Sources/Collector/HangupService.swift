import Logging
import ServiceLifecycle
import UnixSignals

/// Takes SIGHUP, by which a daemon is asked to read its configuration again, and says that this version does not. Left alone, the signal
/// would end the process, and systemd counts that as a clean end (systemd.service(5), `Restart=`): collection would stop in silence.
struct HangupService: Service {
    let logger: Logger

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() {
            logger.warning("SIGHUP: this version does not reload; restart it to apply a changed configuration")
        }
    }
}

import Logging
import Synchronization
import Testing

@testable import Systemd

@Suite("The watchdog's loop")
struct WatchdogTests {
    @Test("it keeps the service manager content until a part starves, and then names the part", .timeLimit(.minutes(5)))
    func namesThePart() async {
        let (states, sink) = AsyncStream.makeStream(of: String.self)
        let heartbeats = Heartbeats()
        // Long enough that a busy machine does not make a late first look of it.
        let stuck = heartbeats.register("spool", bound: .seconds(5))
        let watchdog = Watchdog(
            heartbeats: heartbeats, notifier: ServiceNotifier { sink.yield($0) },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), interval: .milliseconds(50))
        let task = Task { await watchdog.run() }
        var seen: [String] = []
        for await state in states {
            seen.append(state)
            if state.hasPrefix("STATUS=") { break }
        }
        #expect(seen.first == "WATCHDOG=1")
        #expect(seen.last?.hasPrefix("STATUS=stuck: spool has made no progress for ") == true)
        stuck.beat()
        for await state in states {
            #expect(state == "WATCHDOG=1")
            break
        }
        task.cancel()
        await task.value
    }

    @Test("outside a unit with WatchdogSec= nothing is expected")
    func notExpected() {
        #expect(Watchdog.expectedInterval == nil)
    }
}

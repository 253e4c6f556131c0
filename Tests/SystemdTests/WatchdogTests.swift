import Logging
import Synchronization
import Testing

@testable import Systemd

@Suite("The watchdog's loop")
struct WatchdogTests {
    @Test("the watchdog is notified until a part hangs; then a status names the part until it sends heartbeats again")
    func namesThePart() async {
        let (states, sink) = AsyncStream.makeStream(of: String.self)
        let nanoseconds = Mutex<UInt64>(1_000_000_000)
        let heartbeats = Heartbeats(now: { MonotonicTime(nanoseconds: nanoseconds.withLock(\.self)) })
        let stuck = heartbeats.register("spool", bound: .seconds(5))
        let watchdog = Watchdog(
            heartbeats: heartbeats, notifier: ServiceNotifier { sink.yield($0) },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), interval: .milliseconds(10))
        let task = Task { await watchdog.run() }
        var state = states.makeAsyncIterator()
        #expect(await state.next() == "WATCHDOG=1")
        nanoseconds.withLock { $0 += 6_000_000_000 }
        var starving = await state.next()
        while starving == "WATCHDOG=1" { starving = await state.next() }
        #expect(starving == "STATUS=stuck: spool has made no progress for 6 s")
        stuck.beat()
        var recovered = await state.next()
        while recovered == starving { recovered = await state.next() }
        #expect(recovered == "WATCHDOG=1")
        task.cancel()
        await task.value
    }

    @Test("if the process does not run in a unit with WatchdogSec=, no interval for notifications is set")
    func notExpected() {
        #expect(Watchdog.expectedInterval == nil)
    }
}

import Configuration
import Foundation
import Logging
import Spool
import Synchronization
import Testing

@testable import Collector
@testable import Systemd

@Suite("Problems that prevent the daemon's start")
struct StartWaitTests {
    /// A clock on which time passes only in `sleep`.
    private final class Clock: TimeSource {
        private let passed = Mutex(Duration.zero)
        private let start = ContinuousClock.now

        var now: ContinuousClock.Instant { start + passed.withLock(\.self) }
        var wall: Int64 { 1_795_464_060_000 + Int64(passed.withLock(\.self) / .milliseconds(1)) }
        var spool: SpoolInstant { SpoolInstant(wall: wall, monotonic: wall) }
        func sleep(until instant: ContinuousClock.Instant) async {
            passed.withLock { $0 = max($0, start.duration(to: instant)) }
        }
    }

    private final class Sent: Sendable {
        let messages = Mutex<[String]>([])
    }

    private func wait(_ clock: Clock, _ sent: Sent) throws -> StartWait {
        let configuration = try Configuration.load(
            sources: [ConfigurationSource(file: "t.yaml", text: "spool: {directory: /spool}\n")],
            context: ConfigurationContext(
                environment: [:], today: CalendarDate(secondsSince1970: 1_795_464_060), secrets: .warned))
        return StartWait(
            startedAt: "", file: "/etc/t.yaml", spool: configuration.spool,
            notifier: ServiceNotifier { message in sent.messages.withLock { $0.append(message) } },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, time: clock)
    }

    private static let full = Daemon.StartError.spool(.file(FileError(.write, "/spool/_lock", code: ENOSPC)))

    @Test(
        "the start is retried until a temporary problem ends; the waits grow, and systemd's start timeout is extended in time"
    )
    func passes() async throws {
        let clock = Clock()
        let sent = Sent()
        let began = clock.now
        var attempts: [Duration] = []
        let value = try await wait(clock, sent).until(reportingTo: nil) { () throws(Daemon.StartError) in
            attempts.append(clock.now - began)
            guard clock.now - began >= .seconds(120) else { throw Self.full }
            return 7
        }
        #expect(value == 7)
        #expect(attempts == [0, 1, 3, 7, 15, 31, 61, 91, 121].map { .seconds($0) })
        let messages = sent.messages.withLock(\.self)
        #expect(messages.allSatisfy { $0.hasPrefix("EXTEND_TIMEOUT_USEC=60000000\nSTATUS=waiting to start: ") })
        #expect(messages.allSatisfy { $0.contains("/spool/_lock") && $0.contains("free space there") })
        // Each message extends the timeout by 60 s, and at least one message is sent every 15 s.
        #expect(messages.count >= 121 / 15)
    }

    @Test(
        "if a problem is not temporary, the start fails immediately",
        arguments: [
            Daemon.StartError.configuration("x"), .spool(.damaged(path: "/spool/_spool.json", reason: "x")),
            .spool(.newerFormat(path: "/spool/_spool.json", found: 2, supported: 1)),
        ])
    func staysFailed(error: Daemon.StartError) async throws {
        let clock = Clock()
        let sent = Sent()
        let began = clock.now
        await #expect(throws: Daemon.StartError.self) {
            try await wait(clock, sent).until(reportingTo: nil) { () throws(Daemon.StartError) in throw error }
        }
        #expect(clock.now == began)
        let messages = sent.messages.withLock(\.self)
        #expect(messages.isEmpty)
    }

    @Test("status.json says what the start waits for and when the next attempt is")
    func reported() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "start-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = try StatusFile(directory: directory)
        let clock = Clock()
        var reports: [StatusReport] = []
        try await wait(clock, Sent()).until(reportingTo: file) { () throws(Daemon.StartError) in
            if let data = FileManager.default.contents(atPath: directory + "/status.json"),
                let report = try? StatusReport(decoding: data)
            {
                reports.append(report)
            }
            guard reports.count >= 2 else {
                throw .spool(.locked(directory: "/spool", process: "17"))
            }
        }
        let waiting = try #require(reports.last?.waiting)
        #expect(waiting.attempts == 2)
        #expect(waiting.message.contains("/spool is in use by process 17"))
        #expect(waiting.since == "2026-11-23T20:01:00Z" && waiting.nextAttemptAt == "2026-11-23T20:01:03Z")
        #expect(reports.last?.line.hasPrefix("waiting to start: /spool is in use") == true)
    }
}

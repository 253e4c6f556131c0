import Glibc
import OCSF
import Spool
import Synchronization
import Testing

@testable import Collector

@Suite("An integration's collector and the spool")
struct CollectorSpoolTests {
    private let bench = CollectorBench()
    private var org: LogOfOrg { bench.org }

    /// A disk on which the next `failures` writes to the journal fail. It records the times of these writes.
    private final class FullDisk: Sendable {
        private let state: Mutex<(left: Int, times: [Int64])>

        init(_ bench: CollectorBench, failures: Int) {
            state = Mutex((failures, []))
            bench.disk.fail { [self] operation, path in
                guard operation == .write, path.contains("/journal-"), bench.org.requests.count > 0 else { return 0 }
                return state.withLock { state in
                    guard state.left > 0 else { return 0 }
                    state.left -= 1
                    state.times.append(bench.time.server)
                    return ENOSPC
                }
            }
        }

        var times: [Int64] { state.withLock(\.times) }
        /// The seconds between successive failed writes.
        var waits: [Int64] { zip(times.dropFirst(), times).map { ($0 - $1) / 1000 } }
    }

    @Test(
        "while the spool is full, the page waits and no request is sent to Okta; once there is space, each event is stored once"
    )
    func full() async throws {
        org.store(20)
        let disk = FullDisk(bench, failures: 7)
        let (org, bench) = (org, bench)
        let asked = Noted(Set<Int>())
        try await bench.run {
            if bench.health?.state == .paused { asked.value.insert(org.logRequests.count) }
            return bench.health?.state == .live
        }
        #expect(disk.waits == [1, 2, 4, 8, 10, 10])
        #expect(asked.value == [1])
        #expect(bench.health?.trouble == nil)
        #expect(bench.lines.contains("collection works again, after a problem that lasted"))
        #expect(try bench.sealed() == Array(0..<20))
    }

    @Test(
        "a full spool is reported as spool_full and paused, and the message says that collection continues automatically"
    )
    func fullWords() async throws {
        org.store(20)
        let disk = FullDisk(bench, failures: .max)
        let bench = bench
        try await bench.run(seals: false) { disk.times.count == 3 }
        #expect(bench.health?.state == .paused)
        #expect(bench.health?.trouble?.kind == .spoolFull)
        #expect(bench.health?.trouble?.remedy.contains("Nothing is lost") == true)
    }

    @Test("if the spool is full, the collector still stops immediately, and the next run collects the page")
    func stopWhileFull() async throws {
        org.store(20)
        let disk = FullDisk(bench, failures: .max)
        let (org, bench) = (org, bench)
        try await bench.run { disk.times.count == 3 }
        #expect(org.logRequests.count == 1)
        #expect(bench.health?.events == 0)
        bench.disk.fail(nil)
        try await bench.run { bench.health?.state == .live }
        #expect(try bench.sealed() == Array(0..<20))
    }

    @Test("if a page is being stored, a stop waits until the page and its cursor are durable")
    func stopDuringIngest() async throws {
        org.store(20)
        let bench = bench
        let isStopped = Noted(false)
        bench.disk.fail { operation, path in
            if operation == .write, path.contains("/journal-"), bench.org.requests.count > 0 {
                isStopped.value = true
                bench.time.check()
            }
            return 0
        }
        try await bench.run { isStopped.value }
        #expect(org.logRequests.count == 1)
        #expect(bench.health?.events == 20)
        #expect(try bench.sealed() == Array(0..<20))
        bench.disk.fail(nil)
        org.store(5)
        try await bench.run { bench.health?.events == 5 }
        #expect(org.logRequests[1].url.contains("after=20"), "the second run continues after the page")
        #expect(try bench.sealed() == Array(0..<25))
    }

    @Test(
        "if the spool can't be opened, the collector tries again every ten seconds and sends no request to Okta meanwhile"
    )
    func opening() async throws {
        org.store(3)
        let bench = bench
        let tries = Noted<[Int64]>([])
        bench.disk.fail { operation, path in
            guard operation == .open, path.contains("integrations/acme") else { return 0 }
            guard tries.value.count < 4 else { return 0 }
            tries.value.append(bench.time.server)
            return EACCES
        }
        let isOpened = Noted<Set<Bool>>([])
        try await bench.run {
            if bench.org.requests.isEmpty, let health = bench.health {
                isOpened.value.insert(health.isOpened)
                #expect(health.trouble?.kind == .spool)
            }
            return bench.health?.state == .live
        }
        let times = tries.value
        #expect(zip(times.dropFirst(), times).allSatisfy { ($0 - $1) / 1000 == 10 })
        #expect(isOpened.value == [true], "the daemon counts as ready once the problem is reported")
        #expect(try bench.sealed() == [0, 1, 2])
    }

    @Test(
        "while records that are due can't be sealed, no request is sent to Okta; later each event is in exactly one segment"
    )
    func sealing() async throws {
        org.store(250)
        let bench = bench
        let failures = Noted(3)
        bench.disk.fail { operation, path in
            guard operation == .link || operation == .rename, path.contains("/spool/integration=") else { return 0 }
            failures.value -= 1
            return failures.value >= 0 ? EIO : 0
        }
        let asked = Noted(Set<Int>())
        try await bench.run(.init(segmentMaxBytes: 1)) {
            if bench.health?.sealTrouble != nil { asked.value.insert(bench.org.logRequests.count) }
            return bench.health?.events == 250
        }
        #expect(asked.value == [1])
        #expect(bench.health?.sealTrouble == nil)
        #expect(bench.lines.contains("segments can't be sealed"))
        #expect(bench.lines.contains("sealed integration=acme/"))
        #expect(try bench.sealed() == Array(0..<250))
    }

    @Test("while records can't be sealed, the seal is tried less and less often, but at least every ten seconds")
    func sealingSlowly() async throws {
        org.store(20)
        let bench = bench
        try await bench.run(seals: false) { bench.health?.events == 20 }
        let worker = try bench.worker(.init(segmentMaxBytes: 1))
        _ = try await worker.open("acme", source: EventSource())
        bench.disk.fail { operation, path in
            (operation == .link || operation == .rename) && path.contains("/spool/integration=") ? EIO : 0
        }
        let began = bench.time.server
        var attempts: [Int64] = []
        func pass(_ seconds: Int) async -> IngestWorker.Sealing? {
            var last: IngestWorker.Sealing?
            for _ in 0..<seconds {
                for name in await worker.due() {
                    attempts.append((bench.time.server - began) / 1000)
                    last = await worker.sealDue(name)
                }
                await bench.time.pass(1_000)
            }
            return last
        }
        _ = await pass(41)
        #expect(attempts == [0, 1, 3, 7, 15, 25, 35])
        bench.disk.fail(nil)
        #expect(await pass(10)?.failure == nil)
        #expect(attempts.last == 45)
        #expect(try bench.sealed() == Array(0..<20))
    }

    @Test(
        "damage in the journal is cut off with everything after it, and the lost events are collected again at the next poll"
    )
    func damage() async throws {
        org.store(20)
        let bench = bench
        let isDamaged = Noted(false)
        try await bench.run(.init(segmentMaxBytes: 60_000)) {
            if bench.health?.events == 20, !isDamaged.value {
                isDamaged.value = true
                if let journal = try? bench.journal() {
                    bench.disk.damage(journal) { bytes in
                        for index in bytes.index(bytes.endIndex, offsetBy: -100)..<bytes.endIndex {
                            bytes[index] ^= 0xFF
                        }
                    }
                }
                bench.org.store(100)
            }
            // The count includes all 120 events twice, because all were collected again after the damage.
            return bench.health?.events == 240
        }
        #expect(isDamaged.value)
        #expect(bench.lines.contains("segments can't be sealed"))
        #expect(try bench.sealed() == Array(0..<120))
    }

    @Test("records that a crash left unsealed are recovered, and the recovery is reported")
    func recovery() async throws {
        org.store(20)
        let bench = bench
        try await bench.run(seals: false) { bench.health?.state == .live }
        bench.disk.damage(try bench.journal()) { $0 += [1, 2, 3] }
        try await bench.run { bench.health?.state == .live }
        #expect(bench.lines.contains("recovered after a crash: 20 records wait to be sealed. 3 bytes"))
        #expect(try bench.sealed() == Array(0..<20))
    }

    @Test("an emptied state directory is reported, and no event is collected twice")
    func emptiedState() async throws {
        org.store(20)
        let bench = bench
        try await bench.run { bench.health?.state == .live }
        bench.disk.replace("/state", with: nil)
        try await bench.run { bench.health?.state == .live }
        #expect(bench.lines.contains("the state directory has no journal: was it emptied?"))
        #expect(
            bench.lines.contains(
                "The 20 events of those segments will be recognized by uid when collected again, and not stored twice"))
        #expect(try bench.sealed() == Array(0..<20))
    }

    @Test("if the spool is older than the state directory, a message says so and tells the operator what to do")
    func olderSpool() async throws {
        org.store(20)
        let bench = bench
        try await bench.run { bench.health?.state == .live }
        let old = bench.disk.copy("/spool")
        org.store(20)
        try await bench.run { bench.health?.events == 20 }
        bench.disk.replace("/spool", with: old)
        try await bench.run { bench.health?.state == .live }
        #expect(bench.lines.contains("the spool is older than the state directory"))
        #expect(bench.lines.contains("Restore the newer spool"))
    }
}

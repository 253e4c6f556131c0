import Foundation
import Glibc
import Synchronization
import Testing

@testable import Collector

@Suite("What integrations share")
struct SharedPartsTests {
    private final class Tally: Sendable {
        private let state = Mutex((now: 0, most: 0))

        func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { state.withLock { $0.now -= 1 } }
        var now: Int { state.withLock { $0.now } }
        var most: Int { state.withLock { $0.most } }
    }

    /// A door that a test opens.
    private actor Gate {
        private var isOpen = false
        private var waiters: [CheckedContinuation<Void, Never>] = []

        func pass() async {
            if !isOpen { await withCheckedContinuation { waiters.append($0) } }
        }

        func open() {
            isOpen = true
            for waiter in waiters { waiter.resume() }
            waiters = []
        }
    }

    private func until(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition() {
            try #require(ContinuousClock.now < deadline, "in time")
            await Task.yield()
        }
    }

    @Test("no more than the slots' count run at once, and every slot comes back, also after an error")
    func slotsBound() async throws {
        struct Broken: Error {}
        let slots = PageSlots(count: 3)
        let running = Tally()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                group.addTask {
                    try? await slots.withSlot {
                        running.enter()
                        await Task.yield()
                        running.leave()
                        if number % 3 == 0 { throw Broken() }
                    }
                }
            }
        }
        #expect(running.most <= 3)
        #expect(try await slots.withSlot { 1 } == 1)
    }

    @Test("who is cancelled while it waits gives up at once, and its place passes to the next")
    func slotsCancelled() async throws {
        let slots = PageSlots(count: 1)
        let gate = Gate()
        let holds = Tally()
        let holder = Task {
            try await slots.withSlot {
                holds.enter()
                await gate.pass()
            }
        }
        try await until { holds.now == 1 }
        let cancelled = Task { try await slots.withSlot { true } }
        let next = Task { try await slots.withSlot { true } }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { _ = try await cancelled.value }
        await gate.open()
        #expect(try await next.value)
        try await holder.value
        #expect(try await slots.withSlot { true }, "no slot was lost")
    }

    @Test("the rate is that of the last minute")
    func rate() {
        var meter = RateMeter()
        let start = ContinuousClock.now
        #expect(meter.perSecond == 0)
        meter.sample(100, at: start)
        #expect(meter.perSecond == 0)
        for second in 1...60 { meter.sample(100 + 20 * second, at: start + .seconds(second)) }
        #expect(meter.perSecond == 20)
        for second in 61...200 { meter.sample(1300, at: start + .seconds(second)) }
        #expect(meter.perSecond == 0)
    }

    @Test("the runtime directory has one owner, as long as it lives")
    func statusFile() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "status-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(!StatusFile.isHeld(inDirectory: directory))
        var file: StatusFile? = try StatusFile(directory: directory)
        #expect(StatusFile.isHeld(inDirectory: directory))
        #expect(throws: StatusFile.Failure.self) { _ = try StatusFile(directory: directory) }
        let report = StatusReport(
            version: "1", pid: 1, startedAt: "", updatedAt: "", integrations: [],
            spool: .init(directory: "/spool", bytes: 0, maxBytes: 1, segmentsSealed: 0))
        try file?.write(report)
        let data = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + StatusReport.fileName))
        #expect(try StatusReport(decoding: data) == report)
        file = nil
        #expect(!StatusFile.isHeld(inDirectory: directory))
        file = try StatusFile(directory: directory)
        #expect(StatusFile.isHeld(inDirectory: directory))
    }

    private actor Worker {
        private let thread = WorkerThread(name: "test-worker")
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
        private(set) var threads: Set<UInt64> = []
        private(set) var count = 0

        func work() {
            threads.insert(UInt64(pthread_self()))
            let before = count
            sched_yield()
            count = before + 1
        }
    }

    @Test("an actor on a worker thread runs all its work there, one after the other")
    func workerThread() async {
        let worker = Worker()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<500 { group.addTask { await worker.work() } }
        }
        #expect(await worker.count == 500)
        #expect(await worker.threads.count == 1)
        #expect(await worker.threads.first != UInt64(pthread_self()))
    }
}

extension PageSlots {
    /// A slot for as long as `body` runs.
    fileprivate func withSlot<Result>(_ body: () async throws -> Result) async throws -> Result {
        guard await take() else { throw CancellationError() }
        defer { giveBack() }
        return try await body()
    }
}

import Foundation
import Glibc
import Synchronization
import Testing

@testable import Collector

@Suite("Parts that integrations share")
struct SharedPartsTests {
    @Test("a rate meter reports the rate of the last minute")
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

    @Test("if writing a status report takes longer, reports are written less often, but at least every 15 seconds")
    func statusPause() {
        #expect(StatusReporter.pause(after: .milliseconds(1), isReady: true) == .seconds(1))
        #expect(StatusReporter.pause(after: .milliseconds(5), isReady: true) == .seconds(5))
        #expect(StatusReporter.pause(after: .seconds(1), isReady: true) == .seconds(15))
        #expect(StatusReporter.pause(after: .milliseconds(1), isReady: false) == .milliseconds(50))
        #expect(StatusReporter.pause(after: .seconds(1), isReady: false) == .seconds(1))
    }

    @Test("if there are too few file descriptors for the integrations, a warning says what to do")
    func descriptors() throws {
        #expect(DescriptorLimit(granted: 4096).warning(integrations: 1000) == nil)
        let warning = try #require(DescriptorLimit(granted: 1024).warning(integrations: 1000))
        #expect(warning.contains("3128") && warning.contains("1024") && warning.contains("LimitNOFILE"))
        #expect(DescriptorLimit.raised().granted > 0)
    }

    @Test("only one process at a time can use a runtime directory")
    func statusFile() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "status-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let report = StatusReport(
            version: "1", pid: 1, startedAt: "", updatedAt: "", integrations: [],
            spool: .init(directory: "/spool", bytes: 0, maxBytes: 1, segmentsSealed: 0))
        #expect(!StatusFile.isHeld(inDirectory: directory, by: report))
        var file: StatusFile? = try StatusFile(directory: directory)
        #expect(StatusFile.isHeld(inDirectory: directory, by: report))
        #expect(throws: StatusFile.Failure.self) { _ = try StatusFile(directory: directory) }
        // The temporary name may be taken by a symbolic link, or by a file of a killed daemon. The daemon must not write through the link.
        symlink(directory + "/elsewhere", directory + "/status.json.new")
        try file?.write(report)
        #expect(!FileManager.default.fileExists(atPath: directory + "/elsewhere"))
        let data = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + StatusReport.fileName))
        #expect(try StatusReport(decoding: data) == report)
        file = nil
        #expect(!StatusFile.isHeld(inDirectory: directory, by: report))
        file = try StatusFile(directory: directory)
        #expect(StatusFile.isHeld(inDirectory: directory, by: report))
        // The earlier report is removed, because its process id may belong to another process by now.
        #expect(!FileManager.default.fileExists(atPath: directory + "/" + StatusReport.fileName))
        var status = stat()
        #expect(stat(directory + "/lock", &status) == 0 && status.st_mode & 0o077 == 0)
        file = nil
        chmod(directory, 0o777)
        #expect(throws: StatusFile.Failure.self) { _ = try StatusFile(directory: directory) }
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

    @Test("an actor on a worker thread runs all its work on that thread, one job after the other")
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

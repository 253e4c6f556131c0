import Configuration
import CurlHTTPClient
import Foundation
import Glibc
import Logging
import Spool
import Synchronization
import Systemd
import Testing

@testable import Delivery

@Suite("A delivery to a store", .timeLimit(.minutes(5)))
struct DelivererTests {
    /// A delivery that runs during the test.
    private final class Running {
        let windDown = WindDown(secondsPerSecond: 0.01)
        let statusDirectory: String
        private let task: Task<Void, Never>
        private let transport: CurlTransport

        init(
            _ spool: SealedSpool, to destination: (any Destination)? = nil, store: ScriptedStore? = nil,
            concurrency: Int = 4
        )
            throws
        {
            statusDirectory = spool.home + "/run/lake"
            transport = try CurlTransport(CurlTransport.Options(userAgent: "test"))
            let made: any Destination
            if let destination {
                made = destination
            } else {
                try Data("aws_access_key_id=AKIA1\naws_secret_access_key=secret\n".utf8).write(
                    to: URL(fileURLWithPath: spool.home + "/key"))
                made = S3Destination(
                    S3Destination.Settings(
                        address: S3Address(
                            bucket: "lake", prefix: nil, endpoint: store?.server.url, isPathStyle: nil, region: nil),
                        encryption: nil),
                    transport: transport, credentials: StaticCredentials(path: spool.home + "/key"),
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            }
            let deliverer = Deliverer(
                Deliverer.Settings(name: "lake", concurrency: concurrency, version: "1"),
                destination: made, source: SpoolSource(loader: "lake", directory: spool.directory),
                statusFile: try DeliveryStatusFile(directory: statusDirectory, name: "lake"),
                notifier: ServiceNotifier(), heartbeat: Heartbeats().register("test", bound: .seconds(600)),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, windDown: windDown)
            task = Task { await deliverer.run() }
        }

        func stop() async {
            windDown.request(.stop)
            await task.value
            await transport.shutdown()
        }

        var report: DeliveryReport? {
            FileManager.default.contents(atPath: statusDirectory + "/status.json").flatMap {
                try? DeliveryReport(decoding: $0)
            }
        }

        func until(_ condition: (DeliveryReport) throws -> Bool) async throws {
            while try !(report.map(condition) ?? false) { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    private static let answers: [ScriptedStore.Fault.Answer] =
        [
            (409, "ConditionalRequestConflict", ""), (429, nil, "Retry-After: 1\r\n"), (500, "InternalError", ""),
            (502, nil, ""), (503, "SlowDown", ""), (504, nil, ""), (200, "InternalError", "ETag: \"e\"\r\n"),
            (403, "AccessDenied", ""), (403, "RequestTimeTooSkewed", "Date: Mon, 23 Nov 2026 20:00:00 GMT\r\n"),
            (400, "ExpiredToken", ""), (301, "PermanentRedirect", "x-amz-bucket-region: eu-west-1\r\n"),
            (400, "AuthorizationHeaderMalformed", "x-amz-bucket-region: eu-west-1\r\n"), (307, "TemporaryRedirect", ""),
            (404, "NoSuchBucket", ""), (200, nil, ""), (401, nil, ""), (403, "InvalidAccessKeyId", ""),
            (403, "SignatureDoesNotMatch", ""), (408, "RequestTimeout", ""), (501, "NotImplemented", ""),
            (418, nil, ""),
        ].map { status, code, headers in .status(status, code: code, headers: headers) }
        + [.nothing, .cut(200), .cut(503)]

    static let faults: [ScriptedStore.Fault] = ScriptedStore.Fault.Moment.allCases.flatMap { moment in
        answers.map { ScriptedStore.Fault(answer: $0, moment: moment) }
    }

    @Test(
        "each segment is stored once, whichever answers its first PUTs get, and whether or not these PUTs have stored it",
        arguments: faults)
    func matrix(_ fault: ScriptedStore.Fault) async throws {
        for faulty in [1, 3] {
            let spool = try SealedSpool(segments: 6)
            let store = try ScriptedStore { attempt, _ in attempt <= faulty ? fault : nil }
            let running = try Running(spool, store: store)
            try await spool.untilAcknowledged(6)
            await running.stop()
            #expect(Set(store.stored.keys) == Set(try spool.paths().values))
            #expect(store.stored.values.allSatisfy { $0 == 1 })
            #expect(store.heads == (fault.moment == .after ? 6 : 0))
            #expect(store.puts == 6 * (faulty + 1))
            #expect(try spool.acknowledged() == 6)
        }
    }

    @Test(
        "if a HEAD request that looks for an existing object fails, each segment is still stored once",
        arguments: answers)
    func matrixOfHeads(_ answer: ScriptedStore.Fault.Answer) async throws {
        let spool = try SealedSpool(segments: 6)
        let lost = ScriptedStore.Fault(answer: .nothing, moment: .after)
        let store = try ScriptedStore { attempt in
            attempt <= 2 ? ScriptedStore.Fault(answer: answer, moment: .before) : nil
        } _: { attempt, _ in
            attempt == 1 ? lost : nil
        }
        let running = try Running(spool, store: store)
        // `HEAD` is not repeated after two kinds of answers: a 200, which shows another program's object and stops the delivery, and 401 to 403,
        // which mean that the access key may not read objects.
        let isForeign = if case .status(200, _, _) = answer { true } else { false }
        let isHidden = if case .status(401...403, _, _) = answer { true } else { false }
        if isForeign {
            try await running.until { $0.state == .stopped }
            #expect(store.stored.count <= 6)
            await running.stop()
            #expect(try spool.acknowledged() ?? 0 == 0)
        } else {
            try await spool.untilAcknowledged(6)
            await running.stop()
            #expect(Set(store.stored.keys) == Set(try spool.paths().values))
            #expect(store.heads == (isHidden ? 6 : 18))
        }
        #expect(store.stored.values.allSatisfy { $0 == 1 })
    }

    @Test(
        "without faults a delivery needs one request per segment, and it also delivers segments that are sealed while it runs"
    )
    func plain() async throws {
        let spool = try SealedSpool(segments: 5)
        let store = try ScriptedStore { _, _ in nil }
        let running = try Running(spool, store: store)
        try await running.until { $0.acknowledged == 5 && $0.lagSegments == 0 && $0.state == .live }
        try spool.seal(kind: .rejected)
        try spool.seal()
        try await running.until { $0.acknowledged == 7 }
        let report = try #require(running.report)
        #expect(report.deliveredSegments == 6)
        #expect(report.requests == 6)
        await running.stop()
        #expect(running.report?.state == .ended)
        #expect(store.stored.count == 6)
        #expect(store.stored.keys.allSatisfy { !$0.hasPrefix("_rejected") })
    }

    @Test(
        "after a crash before its acknowledgement, a delivery recognizes the segments that it has already stored"
    )
    func again() async throws {
        let spool = try SealedSpool(segments: 5)
        let store = try ScriptedStore { _, _ in nil }
        let first = try Running(spool, store: store)
        try await first.until { $0.acknowledged == 5 }
        await first.stop()
        // Removing the acknowledgement has the same effect as a kill before the first acknowledgement.
        try AcknowledgementFiles(spool: spool.directory).remove("lake")
        let second = try Running(spool, store: store)
        // The report of the first delivery still exists until the second one writes its own. Only the second has repeated segments.
        try await second.until { $0.acknowledged == 5 && $0.repeatedSegments == 5 }
        await second.stop()
        #expect(store.stored.values.allSatisfy { $0 == 1 })
    }

    @Test("if another program's object has a segment's key, the delivery stops there, and names the key")
    func foreign() async throws {
        let spool = try SealedSpool(segments: 12)
        let path = try #require(try spool.paths()[3])
        let store = try ScriptedStore { _, _ in nil }
        store.occupy(path, sha256: "ff 1")
        let running = try Running(spool, store: store, concurrency: 1)
        try await running.until { $0.state == .stopped && $0.acknowledged == 2 }
        let report = try #require(running.report)
        #expect(report.problem?.message.contains("a different object with the key \(path)") == true)
        #expect(report.problem?.segment == path)
        await running.stop()
        #expect(try spool.acknowledged() == 2)
        #expect(store.stored.count == 2)
        #expect(store.stored.values.allSatisfy { $0 == 1 })
    }

    @Test("if a segment is missing from the spool, the delivery stops until an acknowledgement skips the segment")
    func missing() async throws {
        let spool = try SealedSpool(segments: 3)
        let store = try ScriptedStore { _, _ in nil }
        let first = try Running(spool, store: store)
        try await first.until { $0.acknowledged == 3 }
        await first.stop()
        for _ in 0..<3 { try spool.seal() }
        let path = try #require(try spool.paths()[5])
        unlink("\(spool.directory)/\(path)")
        let running = try Running(spool, store: store)
        try await running.until { $0.state == .stopped && $0.acknowledged == 4 }
        #expect(running.report?.problem?.message.contains("\(path) is missing from the spool") == true)
        #expect(running.report?.problem?.remedy.contains("--loader lake --through 5") == true)
        try AcknowledgementFiles(spool: spool.directory).acknowledge("lake", through: 5, at: 0)
        try await running.until { $0.acknowledged == 6 && $0.state == .live }
        await running.stop()
        #expect(store.stored.count == 5)
    }

    @Test("if older segments have been deleted, a new delivery begins with the first segment that still exists")
    func deletedBefore() async throws {
        let spool = try SealedSpool(segments: 4)
        for sequence in [1, 2] as [Int64] { unlink("\(spool.directory)/\(try #require(try spool.paths()[sequence]))") }
        let store = try ScriptedStore { _, _ in nil }
        let running = try Running(spool, store: store)
        try await running.until { $0.acknowledged == 4 }
        await running.stop()
        #expect(store.stored.count == 2)
    }

    @Test("if a key is refused, the delivery waits until the key's file is replaced, and then uses the new key")
    func rotation() async throws {
        let spool = try SealedSpool(segments: 3)
        let store = try ScriptedStore { _, head in
            head.contains("Credential=AKIA1/")
                ? ScriptedStore.Fault(answer: .status(403, code: "InvalidAccessKeyId", headers: ""), moment: .before)
                : nil
        }
        let running = try Running(spool, store: store)
        try await running.until { $0.problem != nil }
        #expect(running.report?.problem?.message.contains("does not accept the access key") == true)
        #expect(running.report?.state == .waiting)
        try Data("aws_access_key_id=AKIA2\naws_secret_access_key=other\n".utf8).write(
            to: URL(fileURLWithPath: spool.home + "/key"), options: .atomic)
        try await running.until { $0.acknowledged == 3 && $0.problem == nil }
        await running.stop()
        #expect(store.keys == ["AKIA1", "AKIA2"])
    }

    @Test("if the spool does not exist yet, the delivery waits for it")
    func noSpool() async throws {
        let spool = try SealedSpool(segments: 1)
        rename(spool.directory, spool.directory + ".away")
        let store = try ScriptedStore { _, _ in nil }
        let running = try Running(spool, store: store)
        try await running.until { $0.state == .waiting }
        await running.stop()
        rename(spool.directory + ".away", spool.directory)
    }

    @Test(
        "a check of a destination stores an object twice under one key, and a correct store refuses the second request")
    func check() async throws {
        let spool = try SealedSpool(segments: 1)
        try Data("aws_access_key_id=AKIA1\naws_secret_access_key=secret\n".utf8).write(
            to: URL(fileURLWithPath: spool.home + "/key"))
        let transport = try CurlTransport(CurlTransport.Options(userAgent: "test"))
        func steps(_ store: ScriptedStore) async -> [DestinationStep] {
            await S3Destination(
                S3Destination.Settings(
                    address: S3Address(
                        bucket: "lake", prefix: "p", endpoint: store.server.url, isPathStyle: nil, region: nil),
                    encryption: nil),
                transport: transport, credentials: StaticCredentials(path: spool.home + "/key"),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ).check()
        }
        let good = await steps(try ScriptedStore { _, _ in nil })
        #expect(good.map(\.name) == ["access key", "store", "once", "clean up"])
        #expect(good.allSatisfy { $0.remedy == nil })
        let careless = await steps(
            try ScriptedStore { _, _ in
                ScriptedStore.Fault(answer: .status(200, code: nil, headers: "ETag: \"e\"\r\n"), moment: .after)
            })
        #expect(careless.first { $0.name == "once" }?.remedy?.contains("can store a segment twice") == true)
        let closed = await steps(
            try ScriptedStore { _, _ in
                ScriptedStore.Fault(answer: .status(403, code: "AccessDenied", headers: ""), moment: .before)
            })
        #expect(closed.last?.found.contains("does not allow writing") == true)
        unlink(spool.home + "/key")
        let keyless = await steps(try ScriptedStore { _, _ in nil })
        #expect(keyless.map(\.name) == ["access key"])
        await transport.shutdown()
    }

    /// A destination that accepts every segment except the first one.
    private final class Stuck: Destination {
        let guarantee: DeliveryGuarantee
        let taken = Mutex<Set<Int64>>([])
        var place: String { "stuck" }
        var requests: Int { 0 }

        init(_ guarantee: DeliveryGuarantee) { self.guarantee = guarantee }

        func deliver(_ segment: DeliverySegment) async -> DeliveryOutcome {
            guard segment.sequence > 1 else { return .notYet(DeliveryTrouble("no", remedy: "do"), retryAfter: nil) }
            taken.withLock { _ = $0.insert(segment.sequence) }
            return .delivered(wasThere: false)
        }

        func check() async -> [DestinationStep] { [] }
    }

    @Test("if a crash could cause duplicates, few segments are sent before they are acknowledged; otherwise many")
    func repeats() async throws {
        let spool = try SealedSpool(segments: 20)
        for (guarantee, expected) in [(DeliveryGuarantee.exactlyOnce, 19), (.byCommand, 3), (.atLeastOnce, 3)] {
            let stuck = Stuck(guarantee)
            let running = try Running(spool, to: stuck, concurrency: 4)
            while stuck.taken.withLock({ $0.count }) < expected { try await Task.sleep(for: .milliseconds(5)) }
            // Waits for two more attempts with the first segment. In this time, the delivery must not send further segments.
            for attempts in 3...4 { try await running.until { ($0.problem?.attempts ?? 0) >= attempts } }
            await running.stop()
            #expect(stuck.taken.withLock { $0.count } == expected)
            #expect(try spool.acknowledged() == 0)
        }
    }

    /// A destination that counts how many segments are being delivered at the same time. It completes them when the test opens it.
    private final class Gate: Destination {
        let state = Mutex<(now: Int, most: Int, isOpen: Bool)>((0, 0, false))
        var guarantee: DeliveryGuarantee { .byCommand }
        var place: String { "gate" }
        var requests: Int { 0 }

        func deliver(_ segment: DeliverySegment) async -> DeliveryOutcome {
            state.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            while !state.withLock({ $0.isOpen }), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
            state.withLock { $0.now -= 1 }
            return Task.isCancelled ? .cancelled : .delivered(wasThere: false)
        }

        func check() async -> [DestinationStep] { [] }

        func close() async {}
    }

    @Test("the configured number of segments is sent at the same time; a stopped delivery still finishes them")
    func concurrency() async throws {
        let spool = try SealedSpool(segments: 9)
        let gate = Gate()
        let running = try Running(spool, to: gate, concurrency: 3)
        while gate.state.withLock({ $0.now }) < 3 { try await Task.sleep(for: .milliseconds(5)) }
        running.windDown.request(.stop)
        gate.state.withLock { $0.isOpen = true }
        await running.stop()
        #expect(gate.state.withLock { $0.most } == 3)
        #expect(try spool.acknowledged() == 3)
    }

    @Test("only one process at a time can deliver to a destination")
    func lock() async throws {
        let spool = try SealedSpool(segments: 1)
        let running = try Running(spool, to: Gate())
        #expect(DeliveryStatusFile.isHeld(inDirectory: running.statusDirectory, by: nil))
        #expect(throws: DeliveryStatusFile.Failure.self) {
            try DeliveryStatusFile(directory: running.statusDirectory, name: "lake")
        }
        await running.stop()
    }
}

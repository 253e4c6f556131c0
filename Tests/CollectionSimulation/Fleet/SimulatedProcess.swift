import CurlHTTPClient
import Delivery
import Fleet
import Logging
import Spool
import Synchronization

@testable import Collector

/// A process of a fleet's daemon, from its start to its end. After its death, none of its requests reaches the bucket or the org.
final class SimulatedProcess: Sendable {
    private struct State {
        var isDead = false
        var stillUntil: Int64 = 0
        var tasks: [SimulatedTask] = []
        var bucketRequests = 0
        var lastRequest: Int64 = 0
        var diesAt: (request: Int, isSent: Bool)?
    }

    let host: String
    let disk: PowerCutFileSystem
    let time: SimulatedTime
    /// How far the host's clock is ahead of Okta's, in milliseconds.
    let clockOffset: Int64
    let death = SimulatedTime.Moment()
    private let state = Mutex(State())

    init(host: String, disk: PowerCutFileSystem, time: SimulatedTime, clockOffset: Int64) {
        self.host = host
        self.disk = disk
        self.time = time
        self.clockOffset = clockOffset
    }

    // MARK: End

    var isDead: Bool {
        // The scripted kill or power cut at a file operation may have ended the process.
        if disk.isCut { die() }
        return state.withLock(\.isDead)
    }

    /// Kills the process. Its tasks are cancelled and can change nothing any more.
    func die() {
        let tasks = state.withLock { state -> [SimulatedTask] in
            guard !state.isDead else { return [] }
            state.isDead = true
            return state.tasks
        }
        disk.cut(at: 0)
        for task in tasks { task.cancel() }
        time.happen(death)
    }

    func dies(at death: FleetPlan.Death) {
        switch death {
        case .operation(let count): disk.cut(at: disk.count + count)
        case .request(let count, let isSent):
            state.withLock { $0.diesAt = ($0.bucketRequests + count, isSent) }
        case .end: break
        }
    }

    /// Suspends the process until this time, in milliseconds since 1970. Until then it does nothing, even if answers arrive.
    func standStill(until instant: Int64) { state.withLock { $0.stillUntil = instant } }

    /// Whether the process has sent a request within the last ten seconds.
    var isActive: Bool { state.withLock(\.lastRequest) > time.server - 10_000 }

    fileprivate func noteRequest() {
        let now = time.server
        state.withLock { $0.lastRequest = now }
    }

    // MARK: Tasks

    @discardableResult
    func start(_ body: @escaping @Sendable () async -> Void) -> SimulatedTask {
        let task = time.start(body)
        state.withLock { $0.tasks.append(task) }
        return task
    }

    /// Waits until all tasks of the process have ended. Returns false if one of them never ends.
    func join() async -> Bool {
        for task in state.withLock(\.tasks) {
            guard await time.join(task) else { return false }
        }
        return true
    }

    fileprivate func stillness() async {
        while !isDead, case let until = state.withLock(\.stillUntil), until > time.server {
            await time.wait(until: until)
        }
    }

    /// Counts a request to the bucket. Returns whether the process dies at this request, and whether the request is still sent.
    fileprivate func isLast() -> (Bool, isSent: Bool) {
        state.withLock { state in
            state.bucketRequests += 1
            guard let death = state.diesAt, death.request <= state.bucketRequests else { return (false, true) }
            return (true, death.isSent)
        }
    }
}

/// The clock of a process.
struct ProcessTime: TimeSource {
    let process: SimulatedProcess

    var now: ContinuousClock.Instant { process.time.now }
    var wall: Int64 { process.time.server + process.clockOffset }
    var spool: SpoolInstant { SpoolInstant(wall: wall, monotonic: process.time.spool.monotonic) }

    func sleep(until instant: ContinuousClock.Instant) async {
        // A task of a dead process still waits briefly, so that other tasks can run.
        guard !process.isDead else { return await process.time.pass(1) }
        if Task.isCancelled { return }
        await process.time.wait(until: process.time.server(at: instant))
        await process.stillness()
    }
}

/// The transport of a process to the org.
struct ProcessTransport: HTTPTransport {
    let process: SimulatedProcess
    let org: ScriptedOrg

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard !process.isDead, !Task.isCancelled else { throw cancelled }
        process.noteRequest()
        let answer: Result<HTTPResponse, TransportError>
        do throws(TransportError) {
            answer = .success(try await org.send(request))
        } catch {
            answer = .failure(error)
        }
        await process.stillness()
        guard !process.isDead, !Task.isCancelled else { throw cancelled }
        return try answer.get()
    }

    private var cancelled: TransportError { TransportError(.cancelled, host: "acme", detail: "") }
}

/// The transport of a process to the bucket.
struct BucketTransport: HTTPTransport {
    let process: SimulatedProcess
    let bucket: ScriptedBucket

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard !process.isDead, !Task.isCancelled else { throw cancelled }
        process.noteRequest()
        let (isLast, isSent) = process.isLast()
        if isLast {
            if isSent { _ = bucket.send(request) }
            process.die()
            throw cancelled
        }
        let exchange = bucket.send(request)
        let answer: Result<HTTPResponse, TransportError>
        do throws(TransportError) {
            answer = .success(try await bucket.answer(to: exchange))
        } catch {
            answer = .failure(error)
        }
        await process.stillness()
        guard !process.isDead, !Task.isCancelled else { throw cancelled }
        return try answer.get()
    }

    private var cancelled: TransportError { TransportError(.cancelled, host: ScriptedBucket.name, detail: "") }
}

extension SealLog {
    /// Creates the seal log of a process. It uses the real S3 client, so its requests are those for a real bucket.
    init(_ process: SimulatedProcess, _ bucket: ScriptedBucket, _ logger: Logger) {
        let address = S3Address(
            bucket: ScriptedBucket.name, prefix: "okta", endpoint: ScriptedBucket.address, isPathStyle: true,
            region: "eu-central-1")
        self.init(
            S3Client(
                address, settingsName: "fleet.log",
                transport: BucketTransport(process: process, bucket: bucket), credentials: SameKey(), logger: logger,
                now: { process.time.server }), encryption: nil, host: process.host, logger: logger,
            files: process.disk)
    }
}

private struct SameKey: AWSCredentialSource {
    func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
        guard let key = AWSCredentials(keyID: "key", secret: "secret", sessionToken: nil, expires: .max) else {
            throw AWSCredentialProblem("no key", remedy: "")
        }
        return key
    }
}

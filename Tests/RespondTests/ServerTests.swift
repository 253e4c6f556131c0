import Foundation
import Glibc
import Logging
import Respond
import ResponseLog
import Testing

@testable import Respond

/// A server in this process, with a socket in a temporary directory.
private final class RunningServer: Sendable {
    let path: String
    let actionsFile: String
    let server: ResponseServer
    private let directory: String
    private let work: Task<Bool, Never>

    init(_ responder: ScriptedResponder, _ change: (inout ResponseServer.Limits) -> Void = { _ in }) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "respond-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        path = directory + "/socket"
        actionsFile = directory + "/actions.json"
        var limits = ResponseServer.Limits()
        change(&limits)
        let server = try ResponseServer(path: path, limits: limits, heartbeat: nil, logger: Logger(label: "test"))
        self.server = server
        let subject = ResponseServer.Subject(engine: responder, actionsFile: actionsFile)
        work = Task { await server.run(subject) }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var client: ResponseClient { ResponseClient(socket: path) }

    /// Waits until the server ends.
    ///
    /// - Returns: true if it was paused, false if it was stopped.
    func end() async -> Bool { await work.value }

    func stop() async {
        server.stop()
        _ = await work.value
    }

    /// A connection on which a test can send any bytes.
    func connect() throws -> Int32 { try UnixSocket.connect(path, seconds: 60) }
}

private func request(_ user: String = "mallory@acme.example") -> ResponseRequest {
    ResponseRequest(integration: "acme", action: .suspend, user: user, caseID: "INC-1")
}

/// Makes a blocking call in a new thread, because Swift has only a few threads for tasks.
private func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}

private func wait(for what: String, _ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !condition() {
        try #require(ContinuousClock.now < deadline, "the test waited too long for \(what)")
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Reads until the other end closes the connection.
private func readAll(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}

@Suite("The helper's socket")
struct ServerTests {
    @Test(
        "the helper sends each step and then the report; the actor is the user whom the kernel reports for the socket")
    func action() async throws {
        let responder = ScriptedResponder(.init(secret: "https://acme.okta.com/reset/1"))
        let running = try RunningServer(responder)
        let client = running.client
        let (steps, answer) = try await blocking {
            var steps: [ResponseEntry] = []
            let answer = try client.ask(
                .act(request: request(), sudoUser: "alice"),
                onLine: { line in
                    if case .step(let entry) = line { steps.append(entry) }
                })
            return (steps, answer)
        }
        guard case .report(let report) = answer else { throw ScriptedResponder.Broken() }
        #expect(steps == report.entries && steps.count == 1)
        #expect(report.secret?.text == "https://acme.okta.com/reset/1")
        #expect(responder.requests == [request()])
        #expect(responder.actors.map(\.uid) == [getuid()])
        #expect(responder.actors.map(\.sudoUser) == [getuid() == 0 ? "alice" : nil])
        await running.stop()
    }

    @Test("the helper answers the requests outlook, list, history and undo")
    func otherAsks() async throws {
        let entry = ScriptedResponder.entry(request(), ResponseActor(uid: 1, user: "bob"))
        var script = ScriptedResponder.Script()
        script.history = [entry, entry]
        script.undo = .request(request("00u1"))
        script.capabilities = [ResponseCapability(action: .suspend, isPossible: false, explanation: "no scope")]
        let (capabilities, undo) = (script.capabilities, request("00u1"))
        let running = try RunningServer(ScriptedResponder(script))
        let client = running.client
        try await blocking {
            guard case .outlook(let outlook) = try client.ask(.outlook(request: request())) else {
                throw ScriptedResponder.Broken()
            }
            #expect(outlook.status == "ACTIVE" && outlook.steps.first?.result.outcome == .wouldDo)
            #expect(try client.ask(.capabilities(integration: "acme")) == .capabilities(capabilities))
            #expect(try client.ask(.undo(record: entry.id)) == .undo(undo))
            var lines: [ResponseAnswer] = []
            #expect(try client.ask(.history(filter: .init()), onLine: { lines.append($0) }) == .end)
            #expect(lines == [.history(entry), .history(entry)])
        }
        await running.stop()
    }

    @Test("if the helper can't answer a request, it sends a fault with a code")
    func faults() async throws {
        var script = ScriptedResponder.Script()
        script.historyFails = true
        let running = try RunningServer(ScriptedResponder(script))
        let client = running.client
        func code(_ ask: ResponseAsk) async throws -> ResponseFault.Code? {
            try await blocking {
                do throws(ResponseClient.Failure) {
                    _ = try client.ask(ask)
                    return nil
                } catch {
                    guard case .fault(let fault) = error else { return nil }
                    return fault.code
                }
            }
        }
        #expect(try await code(.history(filter: .init())) == .unavailable)
        #expect(try await code(.undo(record: "1")) == .noOpposite)
        var long = request()
        long.reason = String(repeating: "x", count: 1025)
        #expect(try await code(.act(request: long, sudoUser: nil)) == .badRequest)
        #expect(try await code(.act(request: request("a\u{1B}[2Jb"), sudoUser: nil)) == .badRequest)
        #expect(try await code(.wait(transactions: [], seconds: 1)) == .badRequest)
        await running.stop()
    }

    @Test(
        "clients that send invalid data, an endless line or an incomplete line are disconnected, and the next request is answered"
    )
    func hostileClients() async throws {
        let responder = ScriptedResponder()
        let running = try RunningServer(responder) { $0.requestTime = .milliseconds(300) }
        try await blocking {
            let garbage = try running.connect()
            _ = write(garbage, "\u{0}\u{1}not json\n", 11)
            #expect(readAll(garbage).contains("bad-request"))
            close(garbage)

            // The client can send some megabytes before the server closes the connection, because the kernel buffers them.
            let endless = try running.connect()
            let chunk = [UInt8](repeating: 0x41, count: 1 << 20)
            var sent = 0
            while sent < 1 << 30 {
                let count = send(endless, chunk, chunk.count, Int32(MSG_NOSIGNAL))
                guard count > 0 else { break }
                sent += count
            }
            #expect(sent < 16 << 20)
            close(endless)

            let slow = try running.connect()
            _ = write(slow, "{", 1)
            #expect(readAll(slow).contains("no request came"))
            close(slow)

            let deep = try running.connect()
            let nested = String(repeating: "[", count: 60_000) + "\n"
            _ = write(deep, nested, nested.utf8.count)
            #expect(readAll(deep).contains("bad-request"))
            close(deep)
        }
        let client = running.client
        _ = try await blocking { try client.ask(.act(request: request(), sudoUser: nil)) }
        #expect(responder.requests.count == 1)
        await running.stop()
    }

    // The test runs in a separate process, because it opens a thousand connections and counts the threads of the process.
    @Test("a thousand silent connections do not get a thread each, and a later request is answered")
    func manyConnections() async {
        await #expect(processExitsWith: .success) {
            let responder = ScriptedResponder()
            let running = try RunningServer(responder) { $0.requestTime = .seconds(1) }
            let client = running.client
            let threads = try await blocking {
                var open: [Int32] = []
                for _ in 0..<1_000 { open.append(try running.connect()) }
                let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
                // The server allows eight connections per user, and closes a silent connection after one second, which makes room for this
                // one.
                _ = try client.ask(.act(request: request(), sudoUser: nil))
                for descriptor in open { close(descriptor) }
                return threads
            }
            #expect(threads < 100)
            #expect(responder.requests.count == 1)
            await running.stop()
        }
    }

    @Test("if one user has too many concurrent requests, the next one is answered with busy")
    func busy() async throws {
        let gate = Gate()
        let responder = ScriptedResponder(gate: gate)
        let running = try RunningServer(responder) { $0.connectionsOfAUser = 2 }
        let client = running.client
        let first = Task { try await blocking { try client.ask(.act(request: request("a"), sudoUser: nil)) } }
        let second = Task { try await blocking { try client.ask(.act(request: request("b"), sudoUser: nil)) } }
        try await wait(for: "the arrival of two requests") { responder.requests.count == 2 }
        let line = try await blocking {
            let third = try running.connect()
            defer { close(third) }
            return readAll(third)
        }
        #expect(line.contains("\"busy\""))
        gate.open()
        _ = try await (first.value, second.value)
        await running.stop()
    }

    @Test("an action continues to its end when its client has disconnected")
    func clientGone() async throws {
        let gate = Gate()
        let responder = ScriptedResponder(gate: gate)
        let running = try RunningServer(responder)
        let connection = try running.connect()
        let line = ResponseWire.line(ResponseAsk.act(request: request(), sudoUser: nil))
        #expect(write(connection, line, line.count) == line.count)
        try await wait(for: "the beginning of the action") { responder.requests.count == 1 }
        close(connection)
        gate.open()
        try await wait(for: "the end of the action") { responder.finishedCount == 1 }
        await running.stop()
    }

    @Test(
        "a pause waits for the end of the current action, and a client that connects during the pause is served after it"
    )
    func pause() async throws {
        let gate = Gate()
        let responder = ScriptedResponder(gate: gate)
        let running = try RunningServer(responder)
        let client = running.client
        let first = Task { try await blocking { try client.ask(.act(request: request("a"), sudoUser: nil)) } }
        try await wait(for: "the beginning of the action") { responder.requests.count == 1 }
        running.server.pause()
        let second = Task { try await blocking { try client.ask(.act(request: request("b"), sudoUser: nil)) } }
        gate.open()
        #expect(await running.end())
        _ = try await first.value
        #expect(responder.requests.count == 1)
        let next = ScriptedResponder()
        let again = Task {
            await running.server.run(ResponseServer.Subject(engine: next, actionsFile: running.actionsFile))
        }
        _ = try await second.value
        #expect(next.requests.map(\.user) == ["b"])
        running.server.stop()
        #expect(await again.value == false)
    }

    @Test(
        "at its start, the server replaces a socket that no process uses, and fails if the path is a used socket or a file"
    )
    func socketFile() async throws {
        let running = try RunningServer(ScriptedResponder())
        #expect(throws: ResponseServer.Failure.self) {
            _ = try ResponseServer(path: running.path, limits: .init(), heartbeat: nil, logger: Logger(label: "test"))
        }
        await running.stop()
        let file = running.path + ".file"
        try Data("kept".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: ResponseServer.Failure.self) {
            _ = try ResponseServer(path: file, limits: .init(), heartbeat: nil, logger: Logger(label: "test"))
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "kept")
        // The socket's file exists, but no process listens on it, as after a helper was killed.
        let left = running.path + ".left"
        close(try UnixSocket.listen(left))
        let replaced = try ResponseServer(path: left, limits: .init(), heartbeat: nil, logger: Logger(label: "test"))
        var status = stat()
        #expect(stat(left, &status) == 0 && status.st_mode & 0o777 == 0o660)
        _ = consume replaced
    }
}

@Suite("Waiting until the collector has committed an action's event")
struct CommittedWaitTests {
    private func text(_ transactions: [String]) -> Data {
        let items = transactions.map {
            #"{"integration":"acme","event_type":"user.lifecycle.suspend","transaction_id":"\#($0)","uuid":"u-\#($0)","committed_at":"2026-11-26T10:00:00Z"}"#
        }
        return Data("{\"actions\":[\(items.joined(separator: ","))]}".utf8)
    }

    @Test("if the event is committed while the client waits, the answer has its uuid and the time of the commit")
    func appears() async throws {
        let running = try RunningServer(ScriptedResponder())
        let (client, file) = (running.client, URL(fileURLWithPath: running.actionsFile))
        try Data("{\"actions\":[{\"broken".utf8).write(to: file)
        let waiting = Task {
            try await blocking {
                try client.ask(.wait(transactions: [.init(integration: "acme", transactionID: "t1")], seconds: 60))
            }
        }
        try text(["t0"]).write(to: file, options: .atomic)
        try text(["t0", "t1"]).write(to: file, options: .atomic)
        guard case .seen(let seen, let missing) = try await waiting.value else { throw ScriptedResponder.Broken() }
        #expect(seen.map(\.uuid) == ["u-t1"] && seen.first?.committedAt == "2026-11-26T10:00:00Z")
        #expect(missing.isEmpty)
        await running.stop()
    }

    @Test(
        "the answer lists the events that are not committed in time; an event of another integration does not match"
    )
    func missing() async throws {
        let running = try RunningServer(ScriptedResponder())
        try text(["t1"]).write(to: URL(fileURLWithPath: running.actionsFile))
        let client = running.client
        let awaited = [
            CommittedActions.Awaited(integration: "acme", transactionID: "t1"),
            CommittedActions.Awaited(integration: "other", transactionID: "t1"),
        ]
        let answer = try await blocking { try client.ask(.wait(transactions: awaited, seconds: 1)) }
        guard case .seen(let seen, let missing) = answer else { throw ScriptedResponder.Broken() }
        #expect(seen.count == 1 && missing == [awaited[1]])
        await running.stop()
    }

    @Test("if the file of committed actions is too large or is a pipe, it is not read")
    func hostileFile() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "actions-\(UUID().uuidString)").path
        defer { unlink(path) }
        #expect(FileManager.default.createFile(atPath: path, contents: nil) && truncate(path, 1 << 40) == 0)
        #expect(CommittedActions.read(path).actions.isEmpty)
        unlink(path)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(CommittedActions.read(path).actions.isEmpty)
    }
}

@Suite("The users who may send requests")
struct PeerTests {
    @Test(
        "root, the helper's user and members of the socket's group may send requests",
        arguments: [
            (0, [0], true), (990, [990], true), (1000, [1000, 700], true), (1000, [1000, 701], false),
            (65_534, [65_534], false),
        ] as [(uid_t, Set<gid_t>, Bool)])
    func allowed(uid: uid_t, groups: Set<gid_t>, expected: Bool) {
        #expect(ResponsePeer(pid: 1, uid: uid, groups: groups).isAllowed(socketGroup: 700, helper: 990) == expected)
    }

    @Test("if the socket has no known group, only root and the helper's user may send requests")
    func noGroup() {
        #expect(!ResponsePeer(pid: 1, uid: 1000, groups: [1000]).isAllowed(socketGroup: nil, helper: 990))
    }

    @Test("SUDO_USER is accepted only from root, and is cut to 64 bytes")
    func sudoUser() {
        #expect(ResponsePeer(pid: getpid(), uid: 0, groups: [0]).actor(sudoUser: "alice").sudoUser == "alice")
        #expect(ResponsePeer(pid: getpid(), uid: 1000, groups: [1000]).actor(sudoUser: "root").sudoUser == nil)
        let long = ResponsePeer(pid: getpid(), uid: 0, groups: [0]).actor(
            sudoUser: String(repeating: "a", count: 5_000))
        #expect(long.sudoUser?.utf8.count == 64)
    }

    @Test("a user who has no name is recorded with the uid as the name")
    func unnamed() {
        #expect(ResponsePeer(pid: 1, uid: 3_999_999_999, groups: []).actor(sudoUser: nil).user == "3999999999")
        #expect(ResponsePeer(pid: 1, uid: 0, groups: []).actor(sudoUser: nil).user == "root")
    }
}

@Suite("Requests to the helper")
struct ClientTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "client-\(UUID().uuidString)").path

    private func failure() async throws -> ResponseClient.Failure? {
        let client = ResponseClient(socket: path)
        return try await blocking {
            do throws(ResponseClient.Failure) {
                try client.ask(.capabilities(integration: "acme"), silence: .seconds(1))
                return nil
            } catch {
                return error
            }
        }
    }

    @Test("the error distinguishes a missing socket from one on which no helper listens")
    func notRunning() async throws {
        #expect(try await failure() == .notRunning(ENOENT))
        close(try UnixSocket.listen(path))
        #expect(try await failure() == .notRunning(ECONNREFUSED))
        unlink(path)
    }

    @Test("if the helper closes the connection or sends nothing for too long, the client reports an error")
    func cut() async throws {
        let listener = try UnixSocket.listen(path)
        let client = Task { try await failure() }
        let connection = try await blocking { accept(listener, nil, nil) }
        close(connection)
        #expect(try await client.value == .cut)
        // The test neither accepts the client's second connection nor answers it.
        #expect(try await failure() == .cut)
        close(listener)
        unlink(path)
    }
}

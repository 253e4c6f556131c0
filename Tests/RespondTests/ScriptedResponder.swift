import Foundation
import OktaAPI
import ResponseLog
import Synchronization

@testable import Respond

/// A responder without an org. It gives the answers of a script, and stores the requests.
final class ScriptedResponder: Responding {
    struct Script: Sendable {
        var secret: String?
        var history: [ResponseEntry] = []
        var undo = ResponseUndo.none(reason: "there is no such action")
        var capabilities: [ResponseCapability] = []
        var historyFails = false
    }

    private let script: Script
    private let asked = Mutex<[(request: ResponseRequest, actor: ResponseActor)]>([])
    private let finished = Mutex(0)
    /// If not nil, an action ends only after the test has opened this gate.
    private let gate: Gate?

    init(_ script: Script = Script(), gate: Gate? = nil) {
        self.script = script
        self.gate = gate
    }

    var requests: [ResponseRequest] { asked.withLock { $0.map(\.request) } }
    var actors: [ResponseActor] { asked.withLock { $0.map(\.actor) } }
    var finishedCount: Int { finished.withLock { $0 } }

    func outlook(_ request: ResponseRequest) async -> ResponseOutlook {
        ResponseOutlook(
            user: ResponseUser(asked: request.user, id: "00u1", login: request.user), status: "ACTIVE",
            steps: [.init(action: request.action, result: ResponseResult(outcome: .wouldDo, message: "would be tried"))]
        )
    }

    func act(
        _ request: ResponseRequest, for actor: ResponseActor, onStep: @escaping @Sendable (ResponseEntry) -> Void
    ) async -> ResponseReport {
        asked.withLock { $0.append((request, actor)) }
        let entry = Self.entry(request, actor)
        onStep(entry)
        await gate?.wait()
        finished.withLock { $0 += 1 }
        return ResponseReport(entries: [entry], secret: script.secret.map { OneTimeSecret($0) })
    }

    func capabilities(of integration: String) async -> [ResponseCapability] { script.capabilities }
    func undo(of id: String) async -> ResponseUndo { script.undo }

    struct Broken: Error {}

    func history(_ filter: ResponseHistory.Filter) async throws -> [ResponseEntry] {
        if script.historyFails { throw Broken() }
        return script.history
    }

    static func entry(_ request: ResponseRequest, _ actor: ResponseActor) -> ResponseEntry {
        ResponseEntry(
            id: UUID().uuidString.lowercased(), request: UUID().uuidString.lowercased(), time: 1_800_000_000_000,
            integration: request.integration, org: "acme.okta.com", action: request.action, command: request.action,
            user: ResponseUser(asked: request.user, id: "00u1", login: request.user),
            options: request.options, caseID: request.caseID, actor: actor, isDryRun: request.isDryRun,
            isForced: request.isForced,
            result: ResponseResult(outcome: .done, message: "done", oktaRequestID: "req-1"))
    }
}

/// Suspends the callers of `wait` until `open` is called.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isOpen = true
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

import Dispatch
import Glibc
import ResponseLog
import Synchronization

/// Handles one client's request and the answer, on the connection's thread.
struct ResponseConnection: ~Copyable {
    private var lines: SocketLines
    private let peer: ResponsePeer
    private let subject: ResponseServer.Subject
    private let limits: ResponseServer.Limits
    /// Whether the server is being stopped or paused. If it is, the connection stops waiting for the client or for the collector.
    private let isOver: @Sendable () -> Bool

    /// Takes ownership of the descriptor.
    init(
        _ descriptor: Int32, peer: ResponsePeer, subject: ResponseServer.Subject, limits: ResponseServer.Limits,
        isOver: @escaping @Sendable () -> Bool
    ) {
        lines = SocketLines(descriptor)
        self.peer = peer
        self.subject = subject
        self.limits = limits
        self.isOver = isOver
    }

    consuming func serve() {
        switch lines.next(limit: ResponseAsk.lineLimit, within: limits.requestTime, isOver: isOver) {
        case .line(let line):
            guard let ask = ResponseWire.read(ResponseAsk.self, line) else {
                return fail(.badRequest, "the line is not a request that this version of Tributary knows")
            }
            if let problem = ask.problem { return fail(.badRequest, problem) }
            answer(ask)
        case .tooLong: fail(.badRequest, "the request is longer than \(ResponseAsk.lineLimit) bytes")
        case .late: fail(.badRequest, "no request came within \(limits.requestTime)")
        case .stopped:
            fail(.stopping, "the helper is being stopped, or reloads its configuration; try again in a moment")
        case .end: break
        }
    }

    private func answer(_ ask: ResponseAsk) {
        let subject = subject
        switch ask {
        case .outlook(let request):
            relay { _ in .outlook(await subject.engine.outlook(request)) }
        case .act(let request, let sudoUser):
            let actor = peer.actor(sudoUser: sudoUser)
            // The action is completed and recorded even if the client disconnects.
            relay { onStep in .report(await subject.engine.act(request, for: actor) { onStep(.step($0)) }) }
        case .capabilities(let integration):
            relay { _ in .capabilities(await subject.engine.capabilities(of: integration)) }
        case .history(let filter):
            relay { onLine in
                do {
                    for entry in try await subject.engine.history(filter) { onLine(.history(entry)) }
                    return .end
                } catch {
                    return .error(ResponseFault(.unavailable, "the response log can't be read: \(error)"))
                }
            }
        case .undo(let record):
            relay { _ in
                switch await subject.engine.undo(of: record) {
                case .request(let request): .undo(request)
                case .notFound(let reason): .error(ResponseFault(.notFound, reason))
                case .none(let reason): .error(ResponseFault(.noOpposite, reason))
                }
            }
        case .wait(let transactions, let seconds):
            let outcome = CommittedActions.wait(for: transactions, path: subject.actionsFile, seconds: seconds) {
                isOver() || lines.isGone(after: .milliseconds(500))
            }
            send(.seen(outcome.seen, missing: outcome.missing))
        }
    }

    /// Runs asynchronous work. Each answer of this work is sent from this connection's thread as soon as the answer is available. A client that
    /// does not read its answers delays no other client.
    private func relay(
        _ body: @escaping @Sendable (@escaping @Sendable (ResponseAnswer) -> Void) async -> ResponseAnswer
    ) {
        let shared = AnswerQueue()
        Task { shared.put(await body { shared.put($0) }) }
        var isGone = false
        while true {
            let answer = shared.take()
            if !isGone { isGone = !send(answer) }
            guard !answer.isFinal else { return }
        }
    }

    @discardableResult
    private func send(_ answer: ResponseAnswer) -> Bool {
        lines.send(ResponseWire.line(answer), within: limits.answerTime)
    }

    private func fail(_ code: ResponseFault.Code, _ message: String) {
        send(.error(ResponseFault(code, message)))
    }
}

/// Passes answers from a task to the connection's thread.
private final class AnswerQueue: Sendable {
    private let answers = Mutex<[ResponseAnswer]>([])
    private let count = DispatchSemaphore(value: 0)

    func put(_ answer: ResponseAnswer) {
        answers.withLock { $0.append(answer) }
        count.signal()
    }

    func take() -> ResponseAnswer {
        count.wait()
        return answers.withLock { $0.removeFirst() }
    }
}

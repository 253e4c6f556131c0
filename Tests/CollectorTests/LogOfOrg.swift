import CollectionSimulation
import CurlHTTPClient
import Synchronization

/// An org whose log contains numbered events. A test can choose the org's next answers.
final class LogOfOrg: HTTPTransport {
    static let origin = "https://acme.okta.com"
    static let id = "00oacme"

    /// An answer to a request for the log, or to a probe, which asks the org to describe itself.
    enum Answer: Sendable {
        /// The answer of a healthy org.
        case good
        case status(Int, code: String = "", headers: [(String, String)] = [])
        /// An answer with status 200, this body and a valid link.
        case body(String)
        /// A valid page with a link to this address.
        case link(String)
        case failure(TransportError.Kind)
    }

    struct Request: Sendable {
        /// The time by the org's clock, in milliseconds since 1970.
        var time: Int64
        var url: String
        var authorization: String?
        var retryCount: String?
        var retryFor: String?

        var isLog: Bool { url.contains("/api/v1/logs") }
    }

    private struct State {
        /// The time at which each event was stored, in milliseconds since 1970. The event's `published` is the same time.
        var events: [Int64] = []
        var firstNumber = 0
        var requests: [Request] = []
        var answers: [Answer] = []
        var probes: [Answer] = []
        var identity = LogOfOrg.id
        var alternate: String?
        var token: String?
        var willAnswer: (@Sendable () -> Void)?
    }

    private let time: SimulatedTime
    private let state = Mutex(State())

    init(_ time: SimulatedTime) { self.time = time }

    /// The number of stored events.
    var count: Int { state.withLock(\.events.count) }
    var requests: [Request] { state.withLock(\.requests) }
    var logRequests: [Request] { requests.filter(\.isLog) }
    var probes: [Request] { requests.filter { !$0.isLog } }

    /// Sets the answers to the next requests for the log. Later requests are answered as by a healthy org.
    func answer(_ answers: [Answer]) { state.withLock { $0.answers = answers } }
    /// Sets the answers to the next probes.
    func answerProbes(_ answers: [Answer]) { state.withLock { $0.probes = answers } }
    /// Makes the address lead to another organization from now on.
    func set(identity: String) { state.withLock { $0.identity = identity } }
    /// Gives the org another origin, which its answers to probes report.
    func set(alternate: String) { state.withLock { $0.alternate = alternate } }
    /// Makes the org refuse every token but this one.
    func require(token: String) { state.withLock { $0.token = token } }
    /// Gives every event, including stored ones, another uuid from now on.
    func renumber() { state.withLock { $0.firstNumber += 1_000_000 } }
    func willAnswer(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.willAnswer = body } }

    /// Stores this many events, a second apart; the last one is stored now.
    func store(_ count: Int) {
        let now = time.server
        state.withLock { state in
            for number in 0..<count { state.events.append(now - Int64(count - 1 - number) * 1000) }
        }
    }

    /// Stores events at these times, in milliseconds since 1970, in ascending order.
    func store(at times: [Int64]) { state.withLock { $0.events += times } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        state.withLock(\.willAnswer)?()
        if Task.isCancelled { throw TransportError(.cancelled, host: "acme.okta.com", detail: "") }
        time.advance(50)
        return try state.withLock { state in result(request, &state) }.get()
    }

    private func result(_ request: HTTPRequest, _ state: inout State) -> Result<HTTPResponse, TransportError> {
        let sent = Request(
            time: time.server, url: request.url, authorization: request.headers.first("Authorization"),
            retryCount: request.headers.first("X-Okta-Retry-Count"),
            retryFor: request.headers.first("X-Okta-Retry-For"))
        state.requests.append(sent)
        guard sent.isLog else {
            let answer = state.probes.isEmpty ? .good : state.probes.removeFirst()
            return respond(answer, state) { response(200, identity(state)) }
        }
        if let token = state.token, sent.authorization != "SSWS \(token)" {
            return .success(response(401, "{\"errorCode\":\"E0000011\"}"))
        }
        let answer = state.answers.isEmpty ? .good : state.answers.removeFirst()
        return respond(answer, state) { page(request.url, state) }
    }

    private func respond(
        _ answer: Answer, _ state: State, _ good: () -> HTTPResponse
    ) -> Result<HTTPResponse, TransportError> {
        switch answer {
        case .good: return .success(good())
        case .failure(let kind): return .failure(TransportError(kind, host: "acme.okta.com", detail: ""))
        case .status(let status, let code, let headers):
            var response = response(status, "{\"errorCode\":\"\(code)\"}", id: "request-\(state.requests.count)")
            for (name, value) in headers { response.headers.set(name, value) }
            return .success(response)
        case .body(let body): return .success(response(200, body, next: "\(Self.origin)/api/v1/logs?after=0&limit=100"))
        case .link(let link):
            var response = good()
            response.headers.set("Link", "<\(link)>; rel=\"next\"")
            return .success(response)
        }
    }

    private func identity(_ state: State) -> String {
        let alternate = state.alternate.map { ",\"alternate\":{\"href\":\"\($0)\"}" } ?? ""
        return """
            {"id":"\(state.identity)","pipeline":"idx","_links":{"organization":{"href":"\(Self.origin)"}\(alternate)}}
            """
    }

    private func page(_ url: String, _ state: State) -> HTTPResponse {
        let values = { (name: String) in HTTPURL(url)?.queryValues(name).first }
        let limit = values("limit").flatMap { Int($0) } ?? 100
        let since = values("since").map { AnswerText.milliseconds(String($0)) } ?? 0
        let first = values("after").flatMap { Int($0) } ?? state.events.firstIndex { $0 >= since } ?? state.events.count
        let stored = state.events.dropFirst(first).prefix(limit).prefix { $0 <= time.server }
        let rows = stored.indices.map { AnswerText.event(state.firstNumber + $0, published: state.events[$0]) }
        return response(
            200, "[\(rows.joined(separator: ","))]",
            next: "\(Self.origin)/api/v1/logs?after=\(first + stored.count)&limit=\(limit)")
    }

    private func response(_ status: Int, _ body: String, next: String? = nil, id: String = "ok") -> HTTPResponse {
        var headers = HTTPHeaders([
            .init("Content-Type", "application/json"), .init("X-Okta-Request-Id", id),
            .init("X-Rate-Limit-Limit", "600"), .init("X-Rate-Limit-Remaining", "599"),
            .init("X-Rate-Limit-Reset", String(time.server / 1000 + 20)),
            .init("Date", AnswerText.httpDate(time.server)),
        ])
        if let next { headers.append("Link", "<\(next)>; rel=\"next\"") }
        return HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
    }
}

import CurlHTTPClient
import Spool
import Synchronization

@testable import Collector

/// An org whose log contains a scenario's events in the order in which they were stored.
///
/// It is as strict as Okta: `since` refers to the time at which an event was stored, a link belongs to the query that returned it, and an event
/// that is not stored yet is not returned.
final class ScriptedOrg: HTTPTransport {
    static let origins = ["https://acme.okta.com", "https://login.acme.example"]

    private struct Query {
        var filter: Int
        var since: Int64
        var began: Int64
        var isRefused = false
    }

    private struct State {
        var queries: [Query] = []
        var random: SeededGenerator
        /// The current fault. It also affects the next `faultsLeft` requests.
        var fault = 0
        var faultsLeft = 0
        var requests = 0
        var emptyAnswers = 0
        var lastEventAnswer: Int64 = Scenario.origin
        var emptyPagesInARow = 0
        var capped = false
        var isQuiet = false
        /// The index of the first event that is not deleted.
        var firstKept = 0
    }

    private let scenario: Scenario
    private let events: [Scenario.Event]
    private let bodies: [[UInt8]]
    private let time: SimulatedTime
    private let state: Mutex<State>

    init(_ scenario: Scenario, _ time: SimulatedTime) {
        self.scenario = scenario
        self.time = time
        events = scenario.events
        bodies = scenario.events.map { Array(AnswerText.event($0.number, published: $0.published).utf8) }
        state = Mutex(State(random: SeededGenerator(seed: scenario.seed ^ 0xABCD)))
    }

    var requests: Int { state.withLock(\.requests) }
    /// The number of answers without an event that have reached the end of the whole log, since the last other answer.
    var emptyAnswers: Int { state.withLock(\.emptyAnswers) }

    /// The time at which the last answer with an event was sent, in milliseconds since 1970.
    var lastEventAnswer: Int64 { state.withLock(\.lastEventAnswer) }

    /// Resets `emptyAnswers` at a start of the daemon, because only answers to the new process show that it has collected everything.
    func startBegins() { state.withLock { $0.emptyAnswers = 0 } }

    /// Deletes the events that have been stored so far, except the newest `count`. Returns the time at which the newest deleted event was stored;
    /// `Int64.min` if no event is deleted.
    func deleteAll(butNewest count: Int) -> Int64 {
        let now = time.server
        let stored = events.firstIndex { $0.stored > now } ?? events.count
        return state.withLock { state in
            state.firstKept = max(state.firstKept, stored - count)
            return state.firstKept > 0 ? events[state.firstKept - 1].stored : .min
        }
    }

    /// From now on, no answer has a fault, so that the run can end.
    func behave() { state.withLock { $0.isQuiet = true } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        time.check()
        if Task.isCancelled { throw TransportError(.cancelled, host: "acme", detail: "") }
        let latency = state.withLock { state in
            state.requests += 1
            return Int64.random(in: 20...320, using: &state.random)
        }
        await time.pass(latency)
        return try state.withLock { answer(request.url, &$0) }.get()
    }

    private func answer(_ url: String, _ state: inout State) -> Result<HTTPResponse, TransportError> {
        guard let origin = Self.origins.first(where: { url.hasPrefix($0) }) else {
            return .failure(TransportError(.resolve, host: "nowhere", detail: url))
        }
        if url.hasSuffix("/.well-known/okta-organization") {
            let body = """
                {"id":"00oacme","pipeline":"idx","_links":{"organization":{"href":"\(Self.origins[0])"},\
                "alternate":{"href":"\(Self.origins[1])"}}}
                """
            return .success(response(200, body))
        }
        if let fault = fault(&state) { return fault }
        guard let parts = HTTPURL(url) else { return .success(response(400, "{}")) }
        let limit = Int(parts.queryValues("limit").first ?? "") ?? 100
        let number: Int
        var position: Int
        if let after = parts.queryValues("after").first {
            let fields = after.split(separator: "_").compactMap { Int($0) }
            (number, position) = (fields[0], fields[1])
            if !state.isQuiet, Int.random(in: 0..<1000, using: &state.random) < scenario.refusals {
                state.queries[number].isRefused = true
            }
            if state.queries[number].isRefused {
                return .success(response([400, 404, 410][number % 3], "{\"errorCode\":\"E0000029\"}"))
            }
        } else {
            let filter = parts.queryValues("filter").first.flatMap { Int($0.dropFirst()) } ?? 0xFF
            let since = AnswerText.milliseconds(parts.queryValues("since").first.map { String($0) } ?? "")
            number = state.queries.count
            state.queries.append(Query(filter: filter, since: since, began: time.server))
            position = events.firstIndex { $0.stored >= since } ?? events.count
            position -= position % 4
        }
        return .success(page(from: position, limit, state.queries[number], number, origin, &state))
    }

    private func page(
        from start: Int, _ limit: Int, _ query: Query, _ number: Int, _ origin: String, _ state: inout State
    ) -> HTTPResponse {
        var room = min(limit, scenario.cap ?? limit)
        if !state.isQuiet {
            if Int.random(in: 0..<1000, using: &state.random) < scenario.shortPages {
                room = Int.random(in: 1...room, using: &state.random)
            }
            if Int.random(in: 0..<1000, using: &state.random) < scenario.emptyPages, state.emptyPagesInARow < 3 {
                room = 0
            }
        }
        state.emptyPagesInARow = room == 0 ? state.emptyPagesInARow + 1 : 0
        let now = time.server
        var body = [UInt8(ascii: "[")]
        var rows = 0
        var position = start
        while position < events.count, rows < room {
            let index = place(position, query)
            guard events[index].stored <= now else { break }
            position += 1
            if index >= state.firstKept, events[index].stored >= query.since,
                query.filter & 1 << events[index].bucket != 0
            {
                if rows > 0 { body.append(UInt8(ascii: ",")) }
                body += bodies[index]
                rows += 1
            }
        }
        body.append(UInt8(ascii: "]"))
        if rows > 0 { state.lastEventAnswer = now }
        // Only empty answers at the end of the whole log count. With a narrow filter, others can be empty long before the last event is stored.
        state.emptyAnswers = rows == 0 && room > 0 && position == events.count ? state.emptyAnswers + 1 : 0
        let link = "\(origin)/api/v1/logs?after=\(number)_\(position)&limit=\(limit)"
        return response(200, body, next: link)
    }

    /// The index of the event that a query returns at this position. The order of older neighboring events depends on the query.
    private func place(_ position: Int, _ query: Query) -> Int {
        guard scenario.features.contains(.swaps) else { return position }
        let block = position / 4 * 4
        guard block + 3 < events.count, events[block + 3].stored < query.began - 5_000 else { return position }
        let rotation = Int((UInt64(query.began) &+ UInt64(block)) &* 0x9E37_79B9_7F4A_7C15 >> 62)
        return block + (position - block + rotation) % 4
    }

    private func fault(_ state: inout State) -> Result<HTTPResponse, TransportError>? {
        guard !state.isQuiet else { return nil }
        if state.faultsLeft > 0 {
            state.faultsLeft -= 1
        } else {
            guard Int.random(in: 0..<1000, using: &state.random) < scenario.faults else { return nil }
            state.fault = Int.random(in: 0..<9, using: &state.random)
            state.faultsLeft = Int.random(in: 0..<5, using: &state.random)
        }
        switch state.fault {
        case 0: return .failure(TransportError(.timeout, host: "acme", detail: ""))
        case 1: return .failure(TransportError(.interrupted, host: "acme", detail: ""))
        case 2: return .success(response(500, "{\"errorCode\":\"E0000009\"}"))
        case 3: return .success(response(503, ""))
        case 4: return .success(response(204, ""))
        case 5: return .success(response(429, "{\"errorCode\":\"E0000047\"}"))
        case 6: return .success(response(200, "[{\"uuid\":\"x\",", next: Self.origins[0] + "/api/v1/logs?after=0_0"))
        case 7: return .success(response(200, "[]"))
        default: return .success(response(200, "[1,]", next: Self.origins[0] + "/api/v1/logs?after=0_0"))
        }
    }

    private func response(_ status: Int, _ body: String, next: String? = nil) -> HTTPResponse {
        response(status, Array(body.utf8), next: next)
    }

    private func response(_ status: Int, _ body: [UInt8], next: String? = nil) -> HTTPResponse {
        var headers = HTTPHeaders([
            .init("Content-Type", "application/json"), .init("X-Rate-Limit-Limit", "600"),
            .init("X-Rate-Limit-Remaining", status == 429 ? "0" : "599"),
            .init("X-Rate-Limit-Reset", String(time.server / 1000 + 20)),
            .init("Date", AnswerText.httpDate(time.server)),
        ])
        if let next { headers.append("Link", "<\(next)>; rel=\"next\"") }
        return HTTPResponse(status: status, headers: headers, body: body)
    }
}

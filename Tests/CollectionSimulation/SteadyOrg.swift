import CurlHTTPClient
import OktaAPI
import Synchronization

/// An org that stores events at a constant rate, each of them a constant time after it was published. Each event is computed from its number and
/// not kept in memory, so a run may have many millions of events.
final class SteadyOrg: HTTPTransport {
    private struct State {
        /// The number of the first event of each query by time, in the order in which the queries were received.
        var queries: [Int] = []
        /// The index of the first query by time whose links are valid. Links of earlier queries are refused.
        var firstValid = 0
        var requests = 0
        /// The number of events in all answers.
        var sent = 0
        var emptyAnswers = 0
    }

    private let rate: Int64
    private let delay: Int64
    private let total: Int
    private let time: SimulatedTime
    private let state = Mutex(State())

    /// - Parameters:
    ///   - rate: the number of events that are stored each second.
    ///   - delay: the time from an event's `published` until it is stored, in milliseconds.
    ///   - total: the number of events that the org stores in total.
    init(rate: Int, delay: Int64, total: Int, _ time: SimulatedTime) {
        (self.rate, self.delay, self.total) = (Int64(rate), delay, total)
        self.time = time
    }

    var requests: Int { state.withLock(\.requests) }
    var sent: Int { state.withLock(\.sent) }
    var queries: Int { state.withLock(\.queries.count) }
    /// The number of answers without an event since the last answer with one.
    var emptyAnswers: Int { state.withLock(\.emptyAnswers) }

    /// Refuses, from now on, every link that was returned before this call.
    func refuseLinks() { state.withLock { $0.firstValid = $0.queries.count } }

    /// The time at which the event with this number is stored, in milliseconds since 1970.
    func stored(_ number: Int) -> Int64 { Scenario.origin + Int64(number) * 1000 / rate }

    /// The number of the first event that is stored at this time or later.
    private func first(since time: Int64) -> Int {
        min(max(0, Int(((time - Scenario.origin) * rate + 999) / 1000)), total)
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        time.check()
        if Task.isCancelled { throw TransportError(.cancelled, host: "acme", detail: "") }
        await time.pass(50)
        return state.withLock { answer(request.url, &$0) }
    }

    private func answer(_ url: String, _ state: inout State) -> HTTPResponse {
        state.requests += 1
        let origin = ScriptedOrg.origins[0]
        if url.hasSuffix("/.well-known/okta-organization") {
            let body = #"{"id":"00oacme","pipeline":"idx","_links":{"organization":{"href":"\#(origin)"}}}"#
            return response(200, Array(body.utf8))
        }
        guard let parts = HTTPURL(url), let limit = parts.queryValues("limit").first.flatMap({ Int($0) }) else {
            return response(400, [])
        }
        let query: Int
        let start: Int
        if let after = parts.queryValues("after").first {
            let fields = after.split(separator: "_").compactMap { Int($0) }
            (query, start) = (fields[0], fields[1])
            guard query >= state.firstValid else { return response(400, Array(#"{"errorCode":"E0000029"}"#.utf8)) }
        } else {
            start = first(since: AnswerText.milliseconds(parts.queryValues("since").first.map { String($0) } ?? ""))
            query = state.queries.count
            state.queries.append(start)
        }
        let end = min(start + limit, first(since: time.server + 1))
        var body = [UInt8(ascii: "[")]
        body.reserveCapacity(256 * max(0, end - start) + 2)
        for number in start..<max(start, end) {
            if number > start { body.append(UInt8(ascii: ",")) }
            body += AnswerText.event(number, published: stored(number) - delay).utf8
        }
        body.append(UInt8(ascii: "]"))
        state.sent += max(0, end - start)
        state.emptyAnswers = end > start ? 0 : state.emptyAnswers + 1
        return response(200, body, next: "\(origin)/api/v1/logs?after=\(query)_\(max(start, end))&limit=\(limit)")
    }

    private func response(_ status: Int, _ body: [UInt8], next: String? = nil) -> HTTPResponse {
        let now = time.server
        var headers = HTTPHeaders([
            .init("Content-Type", "application/json"), .init("X-Rate-Limit-Limit", "600"),
            .init("X-Rate-Limit-Remaining", "599"), .init("X-Rate-Limit-Reset", String(now / 1000 + 20)),
            .init("Date", AnswerText.httpDate(now)),
        ])
        if let next { headers.append("Link", "<\(next)>; rel=\"next\"") }
        return HTTPResponse(status: status, headers: headers, body: body)
    }
}

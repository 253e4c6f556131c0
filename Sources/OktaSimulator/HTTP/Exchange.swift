/// A request in progress, with the facts that the headers of its answer need.
struct Exchange {
    let request: HTTPRequest
    /// The beginning of the URLs in the answer: the org's public URL, or `http://` and the `Host` of the request.
    let origin: String
    /// When the request arrived, by the org's clock, in milliseconds since 1970.
    let now: Int64
    /// The request id: 32 hex digits, as current orgs send it.
    let requestId: String
    let errorId: String
    /// The rate limit's decision about this request; nil if the endpoint has no rate limit.
    var verdict: RateWindow.Verdict?

    init(request: HTTPRequest, origin: String, now: Int64, number: Int, seed: UInt64) {
        self.request = request
        self.origin = origin
        self.now = now
        // The time is included so that a restarted org does not use a request id twice.
        var rolls = Rolls(Seed.derive(seed &+ UInt64(bitPattern: now), .request, number))
        var id: [UInt8] = []
        id.appendHex(rolls.next(), digits: 16)
        id.appendHex(rolls.next(), digits: 16)
        requestId = String(decoding: id, as: UTF8.self)
        var error: [UInt8] = Array("oae".utf8)
        error.appendBase62(rolls.next(), count: 20)
        errorId = String(decoding: error, as: UTF8.self)
    }

    /// The headers of an answer. If a fault sends a wrong date or other rate-limit headers, `date` and `rate` replace the correct ones.
    func headers(cached: Bool, date: Int64? = nil, rate: [(String, String)]? = nil) -> [(String, String)] {
        var out = [("Date", Instant.httpDate(date ?? now)), ("Server", "nginx"), ("x-okta-request-id", requestId)]
        out += rate ?? rateHeaders()
        out += [
            ("x-content-type-options", "nosniff"), ("x-xss-protection", "0"), ("p3p", "CP=\"HONK\""),
            ("Set-Cookie", "sid=\"\";Version=1;Path=/;Max-Age=0"),
            ("Set-Cookie", "xids=\"\";Version=1;Path=/;Max-Age=0"),
        ]
        if cached {
            out += [
                ("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache"), ("Expires", "0"),
                ("Vary", "Accept-Encoding"),
            ]
        }
        return out
    }

    func rateHeaders() -> [(String, String)] {
        guard let verdict else { return [] }
        return [
            ("x-rate-limit-limit", "\(verdict.limit)"), ("x-rate-limit-remaining", "\(verdict.remaining)"),
            ("x-rate-limit-reset", "\(verdict.reset)"),
        ]
    }

    func failure(_ error: OktaError, rate: [(String, String)]? = nil) -> HTTPReply {
        // Okta's 429 has no caching headers.
        HTTPReply(
            status: error.status,
            headers: headers(cached: error.status != 429, rate: rate) + [("Content-Type", "application/json")],
            body: error.body(errorId: errorId), delivery: .chunked)
    }

    func json(_ status: Int, _ body: [UInt8]) -> HTTPReply {
        HTTPReply(status: status, headers: headers(cached: true) + [("Content-Type", "application/json")], body: body)
    }

    var acceptsGzip: Bool {
        for item in (request.header("accept-encoding") ?? "").split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.trimmingSpaces.lowercased() }
            if parts.first == "gzip" || parts.first == "*" {
                return !parts.dropFirst().contains { $0 == "q=0" || $0 == "q=0.0" }
            }
        }
        return false
    }
}

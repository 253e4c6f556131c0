/// A request as it was received. The target's bytes are kept unchanged, because `next` links repeat them.
struct HTTPRequest: Sendable {
    let method: String
    let target: String
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    var path: Substring { target.prefix { $0 != "?" } }
    var rawQuery: Substring { target.dropFirst(path.count + 1) }

    /// The first value of a header. The name must be in lower case.
    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// Reads the head of a request; nil if it is not HTTP/1.x (RFC 9112).
    init?(head: some Sequence<UInt8>, body: [UInt8] = []) {
        let lines = String(decoding: Array(head), as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: true)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return nil }
        method = String(words[0])
        target = String(words[1])
        var headers: [(String, String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            headers.append((line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingSpaces))
        }
        self.headers = headers
        self.body = body
    }
}

/// An answer, and how to send it. A fault may change both.
struct HTTPReply: Sendable {
    enum Delivery: Sendable {
        case whole
        /// `Transfer-Encoding: chunked`, as Okta's front end sends pages.
        case chunked
        case slow(bytesPerSecond: Int)
        case chunkedCutShort
        case lengthTooLong
        case hang
        case disconnect
    }

    var status: Int
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    var delivery = Delivery.whole

    func head() -> [UInt8] {
        let reasons = [
            200: "OK", 201: "Created", 204: "No Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized",
            403: "Forbidden", 404: "Not Found",
            405: "Method Not Allowed",
            409: "Conflict", 411: "Length Required", 429: "Too Many Requests", 500: "Internal Server Error",
            502: "Bad Gateway", 503: "Service Unavailable",
            504: "Gateway Timeout",
        ]
        var out: [UInt8] = []
        out.append("HTTP/1.1 \(status) \(reasons[status] ?? "Status")\r\n")
        for (name, value) in headers { out.append("\(name): \(value)\r\n") }
        switch delivery {
        case .chunked, .chunkedCutShort: out.append("Transfer-Encoding: chunked\r\n")
        // A 204 has no `Content-Length` (RFC 9110 section 8.6).
        case _ where status == 204: break
        case .lengthTooLong: out.append("Content-Length: \(body.count + 1000)\r\n")
        default: out.append("Content-Length: \(body.count)\r\n")
        }
        out.append("\r\n")
        return out
    }
}

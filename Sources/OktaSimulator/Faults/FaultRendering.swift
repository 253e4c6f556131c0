/// Makes the answer that a fault sends instead of the normal one.
struct FaultRendering {
    let fault: FaultRule?

    /// The answer that replaces the normal one; nil if the fault sends the normal answer, changed or unchanged.
    func failure(_ exchange: Exchange) -> HTTPReply? {
        let reset = exchange.verdict?.reset ?? 0
        func limit(_ limit: Int, _ reset: Int64) -> [(String, String)] {
            [("x-rate-limit-limit", "\(limit)"), ("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "\(reset)")]
        }
        switch fault?.kind {
        case .status?: return status(exchange, fault?.status ?? 503)
        case .rateLimit?: return exchange.failure(.rateLimit, rate: limit(exchange.verdict?.limit ?? 0, reset))
        case .rateLimitPast?:
            return exchange.failure(.rateLimit, rate: limit(exchange.verdict?.limit ?? 0, exchange.now / 1000 - 3600))
        case .rateLimitConcurrency?: return exchange.failure(.rateLimit, rate: limit(0, exchange.now / 1000 + 1))
        case .rateLimitBare?:
            return HTTPReply(
                status: 429,
                headers: exchange.headers(cached: false, rate: []) + [("Content-Type", "application/json")],
                body: Array("{}".utf8))
        case .unauthorized?: return exchange.failure(.invalidToken)
        case .forbidden?: return exchange.failure(.noPermission)
        case .hang?: return HTTPReply(status: 0, delivery: .hang)
        case .disconnect?: return HTTPReply(status: 0, delivery: .disconnect)
        case .redirect?:
            let location = elsewhere(exchange.origin, "/login?fromURI=%2Fapi%2Fv1%2Flogs")
            return HTTPReply(status: 302, headers: exchange.headers(cached: true) + [("Location", location)])
        case .html?: return Self.html(exchange, 200, "Sign in to the guest network")
        default: return nil
        }
    }

    /// An HTML error page, as from a front end or a proxy.
    static func html(_ exchange: Exchange, _ status: Int, _ title: String) -> HTTPReply {
        HTTPReply(
            status: status,
            headers: [
                ("Date", Instant.httpDate(exchange.now)), ("Server", "edge"),
                ("Content-Type", "text/html; charset=utf-8"),
            ],
            body: Array(
                "<!DOCTYPE html><html><head><title>\(title)</title></head><body><h1>\(title)</h1></body></html>".utf8))
    }

    private func status(_ exchange: Exchange, _ status: Int) -> HTTPReply {
        switch fault?.body {
        case "html"?: return Self.html(exchange, status, "\(status) Error")
        case "empty"?: return HTTPReply(status: status, headers: exchange.headers(cached: true))
        default:
            let known: OktaError = status == 503 ? .unavailable : .internalFailure
            return exchange.failure(OktaError(status: status, code: known.code, summary: known.summary))
        }
    }

    /// An address that does not belong to the org, or that must not receive a credential.
    func elsewhere(_ origin: String, _ path: String) -> String {
        let own = origin.drop { $0 != "/" }.dropFirst(2)
        let target = fault?.target ?? "evil.example"
        switch fault?.body {
        case "port"?:
            let port = target.split(separator: ":").last.map(String.init) ?? "9"
            let host = own.prefix { $0 != ":" || own.hasPrefix("[") }
            return "http://\(host):\(Int(port) == nil ? "9" : port)\(path)"
        case "scheme"?: return "\(origin.hasPrefix("https:") ? "http" : "https")://\(own)\(path)"
        case "path"?: return "\(origin)/api/v1/users?from=\(path)"
        case "userinfo"?: return "http://\(own)@\(target)\(path)"
        case "fragment"?: return "\(origin)\(path)#@\(target)/"
        case "crlf"?: return "\(origin)\(path)%0d%0aHost:%20\(target)"
        case "split"?: return "\(origin)\(path)\r\nLink: <http://\(target)\(path)>; rel=\"next\"\r\nX-Rest: <x"
        default: return "http://\(target)\(path)"
        }
    }

    /// How this fault sends a normal reply; nil if the reply is sent as usual.
    var delivery: HTTPReply.Delivery? {
        switch fault?.kind {
        case .slowBody?: .slow(bytesPerSecond: fault?.bytesPerSecond ?? 1000)
        case .truncateBody?: .chunkedCutShort
        case .lyingLength?: .lengthTooLong
        default: nil
        }
    }
}

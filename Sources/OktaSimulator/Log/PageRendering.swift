/// A page of events as an HTTP answer, with the fault that struck it.
struct PageRendering {
    let page: LogPage
    let query: LogQuery
    let log: EventLog
    let fault: FaultRule?
    let useGzip: Bool

    /// Whether a client that is right gets the page's events in spite of the fault.
    var isGood: Bool {
        switch fault?.kind {
        case nil, .slowBody?, .noLinks?, .selfOnly?, .foreignNext?, .joinedLinks?, .swappedLinks?, .doubledLinks?,
            .dateSkew?,
            .noRateHeaders?, .absurdRateHeaders?, .doubledRateHeaders?:
            true
        case .unreadableEvent?: fault?.body != "broken" && fault?.body != "utf8"
        default: false
        }
    }

    func reply(_ exchange: inout Exchange) -> HTTPReply {
        if let reply = failure(exchange) { return reply }
        var date: Int64?
        if fault?.kind == .dateSkew { date = exchange.now + Int64(fault?.seconds ?? 3600) * 1000 }
        var headers = exchange.headers(cached: true, date: date, rate: rateHeaders(exchange))
        headers += links(exchange)
        var reply = HTTPReply(status: 200, headers: headers, body: body(), delivery: .chunked)
        encode(&reply, exchange)
        switch fault?.kind {
        case .slowBody?: reply.delivery = .slow(bytesPerSecond: fault?.bytesPerSecond ?? 1000)
        case .truncateBody?: reply.delivery = .chunkedCutShort
        case .lyingLength?: reply.delivery = .lengthTooLong
        default: break
        }
        return reply
    }

    /// The faults that leave no page at all.
    private func failure(_ exchange: Exchange) -> HTTPReply? {
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
        case .html?: return html(exchange, 200, "Sign in to the guest network")
        default: return nil
        }
    }

    private func html(_ exchange: Exchange, _ status: Int, _ title: String) -> HTTPReply {
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
        case "html"?: return html(exchange, status, "\(status) Error")
        case "empty"?: return HTTPReply(status: status, headers: exchange.headers(cached: true))
        default:
            let known: OktaError = status == 503 ? .unavailable : .internalFailure
            return exchange.failure(OktaError(status: status, code: known.code, summary: known.summary))
        }
    }

    private func rateHeaders(_ exchange: Exchange) -> [(String, String)]? {
        let good = exchange.rateHeaders()
        switch fault?.kind {
        case .noRateHeaders?: return []
        case .absurdRateHeaders?: return good.map { ($0.0, "many") }
        case .doubledRateHeaders?:
            let remaining = max(0, (exchange.verdict?.remaining ?? 0) - 5)
            return good + good.map { ($0.0, $0.0 == "x-rate-limit-remaining" ? "\(remaining)" : $0.1) }
        default: return nil
        }
    }

    private func links(_ exchange: Exchange) -> [(String, String)] {
        let own = "<\(exchange.origin)\(exchange.request.target)>; rel=\"self\""
        var lines = [own]
        if let next = page.next {
            let parameters = (query.repeated.map(String.init) + ["after=\(next)"]).joined(separator: "&")
            lines.append("<\(foreign(exchange.origin, parameters))>; rel=\"next\"")
        }
        switch fault?.kind {
        case .noLinks?: lines = []
        case .selfOnly?: lines = [own]
        case .joinedLinks?: lines = [lines.joined(separator: ", ")]
        case .swappedLinks?: lines.reverse()
        case .doubledLinks?: lines = lines.flatMap { [$0, $0] }
        default: break
        }
        return lines.map { ("link", $0) }
    }

    /// The `next` URL, which `foreign-next` points away from the org.
    private func foreign(_ origin: String, _ parameters: String) -> String {
        fault?.kind == .foreignNext
            ? elsewhere(origin, "/api/v1/logs?\(parameters)") : "\(origin)/api/v1/logs?\(parameters)"
    }

    /// An address that is not the org's, or not to be followed with its credential.
    private func elsewhere(_ origin: String, _ path: String) -> String {
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

    private func body() -> [UInt8] {
        if fault?.kind == .notArray { return Array("{\"events\":[],\"note\":\"no array\"}".utf8) }
        var out: [UInt8] = []
        out.reserveCapacity(page.indexes.count * 3000 + 64)
        out.append(0x5B)
        let middle = fault?.kind == .unreadableEvent ? page.indexes.count / 2 : -1
        for (position, index) in page.indexes.enumerated() {
            if position > 0 { out.append(0x2C) }
            if position == middle {
                appendUnreadable(&out)
                out.append(0x2C)
            }
            log.render(index, to: &out)
        }
        if page.indexes.isEmpty, middle >= 0 { appendUnreadable(&out) }
        out.append(0x5D)
        if fault?.kind == .invalidJSON { out.removeLast(out.count > 2 ? out.count / 3 : 1) }
        return out
    }

    private func appendUnreadable(_ out: inout [UInt8]) {
        switch fault?.body {
        case "bare"?:
            // Of this org alone, as any real event is.
            out.append(
                "{\"eventType\":\"user.session.start\",\"version\":\"0\",\"transaction\":{\"type\":\"WEB\",\"id\":\"\(log.uuid(0) ?? "none")\"}}"
            )
        case "broken"?: out.append("{\"uuid\":\"broken\",\"eventType\":user.session.start,}")
        case "utf8"?:
            out.append("{\"uuid\":\"")
            out += [0xFF, 0xFE, 0xC3]
            out.append("\"}")
        case "deep"?:
            out.append(contentsOf: repeatElement(0x5B, count: 2000))
            out.append(contentsOf: repeatElement(0x5D, count: 2000))
        default: out.append("42")
        }
    }

    private func encode(_ reply: inout HTTPReply, _ exchange: Exchange) {
        reply.headers.append(("Content-Type", "application/json"))
        switch fault?.kind {
        case .falseGzip?: reply.headers.append(("Content-Encoding", "gzip"))
        case .corruptGzip?:
            reply.headers.append(("Content-Encoding", "gzip"))
            var packed = Gzip.compress(reply.body) ?? []
            for position in stride(from: 12, to: packed.count, by: 7) { packed[position] ^= 0x55 }
            reply.body = packed
        default:
            guard useGzip, exchange.acceptsGzip, let packed = Gzip.compress(reply.body) else { return }
            reply.headers.append(("Content-Encoding", "gzip"))
            reply.body = packed
        }
    }
}

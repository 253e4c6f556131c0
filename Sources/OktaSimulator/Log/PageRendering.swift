/// Renders a page of events as an HTTP answer, with a fault if there is one.
struct PageRendering {
    let page: LogPage
    let query: LogQuery
    let log: EventLog
    let fault: FaultRule?
    let useGzip: Bool

    /// Whether a correct client can read the page's events despite the fault.
    var isGood: Bool {
        switch fault?.kind {
        case nil, .slowBody?, .noLinks?, .selfOnly?, .foreignNext?, .joinedLinks?, .swappedLinks?, .doubledLinks?,
            .dateSkew?, .noRateHeaders?, .absurdRateHeaders?, .doubledRateHeaders?:
            true
        case .unreadableEvent?: fault?.body != "broken" && fault?.body != "utf8"
        case .status?, .rateLimit?, .rateLimitPast?, .rateLimitBare?, .rateLimitConcurrency?, .unauthorized?,
            .forbidden?, .hang?, .truncateBody?, .lyingLength?, .disconnect?, .html?, .notArray?, .invalidJSON?,
            .corruptGzip?, .falseGzip?, .redirect?:
            false
        }
    }

    func reply(_ exchange: inout Exchange) -> HTTPReply {
        let trouble = FaultRendering(fault: fault)
        if let reply = trouble.failure(exchange) { return reply }
        var date: Int64?
        if fault?.kind == .dateSkew { date = exchange.now + Int64(fault?.seconds ?? 3600) * 1000 }
        var headers = exchange.headers(cached: true, date: date, rate: rateHeaders(exchange))
        headers += links(exchange)
        var reply = HTTPReply(status: 200, headers: headers, body: body(), delivery: .chunked)
        encode(&reply, exchange)
        if let delivery = trouble.delivery { reply.delivery = delivery }
        return reply
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

    /// The `next` URL. With the fault `foreign-next`, its address is wrong.
    private func foreign(_ origin: String, _ parameters: String) -> String {
        fault?.kind == .foreignNext
            ? FaultRendering(fault: fault).elsewhere(origin, "/api/v1/logs?\(parameters)")
            : "\(origin)/api/v1/logs?\(parameters)"
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
            // The event has no uuid. Its transaction id differs between orgs. Its bytes therefore differ, too, as with real events.
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

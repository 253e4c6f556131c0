import CSimdjson

/// `http_request`.
extension RecordMapping {
    mutating func httpRequest(_ place: Place) {
        let mark = writer.count
        writer.put("\"http_request\":{")
        let agent = event.child(event.child(event[.client], .userAgent), .rawUserAgent)
        if let text = event.known(agent) {
            observed(
                "\"user_agent\":\"", text,
                place == .evidence ? "evidences[0].http_request.user_agent" : "http_request.user_agent", .userAgent)
            event.consume(agent)
        }
        let request = event.debug(.requestId)
        if let id = event.known(request) {
            writer.string("\"uid\":\"", id)
            event.consume(request)
        }
        url(place)
        let origin = event.debug(.origin)
        if let value = event.known(origin) {
            writer.string("\"http_headers\":[{\"name\":\"Origin\",\"value\":\"", value)
            writer.endObject()
            writer.endArray()
            event.consume(origin)
        }
        forwarded()
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endObject() }
    }

    /// Writes the URL from `debugData.url`, which is a path with a query, or else from `requestUri`, which is only the path. A text that is not a
    /// path stays in `unmapped`.
    private mutating func url(_ place: Place) {
        let whole = event.debug(.url)
        let bare = event.debug(.requestUri)
        let wholeText = event.known(whole)
        let bareText = event.known(bare)
        guard let text = wholeText ?? bareText, text.start[0] == UInt8(ascii: "/") else { return }
        let mark = text.firstIndex(of: UInt8(ascii: "?")) ?? text.count
        let path = text.slice(0..<mark)
        writer.put("\"url\":{")
        writer.string("\"path\":\"", path)
        if mark + 1 < text.count { writer.string("\"query_string\":\"", text.slice(mark + 1..<text.count)) }
        writer.copy(constants.url)
        urlHostPath = place == .evidence ? "evidences[0].http_request.url.hostname" : "http_request.url.hostname"
        writer.endObject()
        if wholeText != nil { event.consume(whole) }
        if let bareText, bareText.count == path.count, equalBytes(bareText.start, path.start, path.count) {
            event.consume(bare)
        }
    }

    private mutating func forwarded() {
        guard let chain = event.child(event[.request], .ipChain), Int(chain.pointee.kind) == TRIBUTARY_JSON_ARRAY else {
            return
        }
        let mark = writer.count
        writer.put("\"x_forwarded_for\":[")
        let end = event.nodes + Int(chain.pointee.next)
        var hop = chain + 1
        while hop < end {
            if let ip = event.known(event.child(hop, .ip)), IPAddress(ip) != nil { writer.string("\"", ip) }
            hop = event.nodes + Int(hop.pointee.next)
        }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
    }
}

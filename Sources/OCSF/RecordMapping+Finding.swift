/// Detection Finding (2004).
extension RecordMapping {
    mutating func finding(_ targets: Targets, _ endpoint: SourceEndpoint) {
        writer.put("\"finding_info\":{\"uid\":\"")
        if let uuid = event.known(event[.uuid]) {
            writer.copy(uuid)
        } else {
            _ = digest.digest(event.bytes, event.count, into: digestBytes)
            writer.uuid8(digestBytes)
        }
        writer.put("\",")
        if let title = event.text(event[.displayMessage]) ?? eventType { writer.string("\"title\":\"", title) }
        let reason = event.child(event[.outcome], .reason)
        if let text = event.known(reason) {
            writer.string("\"desc\":\"", text)
            event.consume(reason)
        }
        if let eventType {
            writer.string("\"types\":[\"", eventType)
            writer.endArray()
        }
        timestamp("\"created_time\":", "\"created_time_dt\":\"", time)
        writer.endObject()
        // OCSF wants an endpoint or a user (or other things that Okta never has) in an evidence.
        guard endpoint.isNamed || targets.account != nil else { return }
        writer.put("\"evidences\":[{")
        if let account = targets.account { user("\"user\":{", account, .evidence, consumes: false) }
        sourceEndpoint(endpoint, .evidence)
        httpRequest(.evidence)
        writer.endObject()
        writer.endArray()
    }
}

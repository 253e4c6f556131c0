import CSimdjson

/// Why a text can't be JSON in UTF-8, judged by its first bytes; nil if the text may be JSON in UTF-8.
///
/// Windows PowerShell writes UTF-16 when its output is redirected to a file. RFC 8259 section 8.1 allows only UTF-8.
package func encodingTrouble(firstBytes bytes: UnsafeRawBufferPointer) -> String? {
    guard bytes.count >= 2 else { return nil }
    let pair = (bytes[0], bytes[1])
    // The first two bytes of gzip (RFC 1952) and zstd (RFC 8878).
    if pair == (0x1F, 0x8B) { return "is compressed with gzip; unpack it: zcat FILE | tributary normalize" }
    if pair == (0x28, 0xB5) { return "is compressed with zstd; unpack it: zstdcat FILE | tributary normalize" }
    func utf16(_ name: String) -> String { "is UTF-16, not UTF-8; convert it: iconv -f \(name) -t UTF-8" }
    if pair == (0xFF, 0xFE), bytes.count >= 4, bytes[2] == 0, bytes[3] == 0 {
        return "is UTF-32, not UTF-8; convert it: iconv -f UTF-32 -t UTF-8"
    }
    if pair == (0xFF, 0xFE) || pair == (0xFE, 0xFF) { return utf16("UTF-16") }
    // UTF-16 without a byte order mark: the first character is a bracket, a brace or white space, and takes two bytes.
    let ascii: [UInt8] = [0x5B, 0x7B, 0x20, 0x09, 0x0A, 0x0D]
    if pair.1 == 0, ascii.contains(pair.0) { return utf16("UTF-16LE") }
    if pair.0 == 0, ascii.contains(pair.1) { return utf16("UTF-16BE") }
    return nil
}

/// A JSON object that is not a LogEvent.
package enum OtherObject: Sendable, Equatable {
    /// Okta's answer to a refused request.
    case apiError(code: String, summary: String)
    /// A message that Okta posts to an event hook: the events are in `data.events`.
    case eventHook
    /// A message that AWS EventBridge delivers: one event is in `detail`.
    case eventBridge
    case unknown

    /// What is wrong with the object, and what to do, for a person: a sentence without a subject.
    package var explanation: String {
        switch self {
        case .apiError(let code, let summary):
            "is not a LogEvent but Okta's answer to a refused request: \(code) \(summary). Check the token and the address of the request"
        case .eventHook:
            "is not a LogEvent but a message to an event hook, which has LogEvents in data.events; extract them: jq -c '.data.events[]'"
        case .eventBridge:
            "is not a LogEvent but a message of EventBridge, which has a LogEvent in the member “detail”; extract it: jq -c .detail"
        case .unknown: "is not a LogEvent: it has fewer than two of uuid, eventType and published"
        }
    }
}

extension LogEvent {
    /// What the object is, if it is not a LogEvent; nil for a LogEvent. A LogEvent has `uuid`, `eventType` and `published`. Some exporters drop one
    /// of these members, so two of them are enough. The members `eventType` and `actor` are enough, too.
    var otherObject: OtherObject? {
        let type = text(self[.eventType])
        let named = [text(self[.uuid]) != nil, type != nil, text(self[.published]) != nil].count { $0 }
        if named >= 2 || (type != nil && isObject(self[.actor])) { return nil }
        if let code = member("errorCode") {
            return .apiError(code: code.printable, summary: member("errorSummary")?.printable ?? "")
        }
        if type?.equals("com.okta.event_hook") ?? false || has("cloudEventsVersion") { return .eventHook }
        if has("detail-type") || isObject(self[.detail]) { return .eventBridge }
        return .unknown
    }

    private func isObject(_ node: JSONNode?) -> Bool {
        node.map { Int($0.pointee.kind) == TRIBUTARY_JSON_OBJECT } ?? false
    }

    private func has(_ name: StaticString) -> Bool { member(of: .node(nodes), name) != nil }

    private func member(_ name: StaticString) -> JSONText? {
        member(of: .node(nodes), name).flatMap { scalar($0) }
    }
}

extension JSONText {
    /// The text for a message, at most 200 bytes. Control characters are already escaped, because this is the inside of a JSON string.
    fileprivate var printable: String { slice(0..<min(count, 200)).string }
}

/// A request of the log, without a credential yet.
package struct LogPageRequest: Sendable {
    /// To be authorised and sent as it is.
    package let request: HTTPRequest
    /// How often this page was asked for before.
    package let retry: Int
}

/// A page of events, unread, and the cursor that has to become durable together with them.
package struct LogPage: Sendable {
    /// A JSON array, as Okta sent it.
    package let body: [UInt8]
    /// The place after this page.
    package let cursor: CursorRecord
    /// By which Okta's support finds the exchange.
    package let requestID: String?
    /// The server's `Date`, to tell a wrong local clock.
    package let serverTime: UTCTime?
    /// Where the time went.
    package let timings: HTTPTimings
}

/// Whether a 200 looks like a whole page, told from its ends; what is between them is for the reader of the events.
enum PageCheck {
    /// Why the body is no page, or `nil` when it may be one.
    static func objection(to response: HTTPResponse) -> (PagerTrouble.Kind, String)? {
        if let foreign = ForeignAnswer(response) { return (.notOkta, "the org's address \(foreign.what)") }
        let body = response.body
        let first = body.first { !isSpace($0) }
        if let type = response.headers.first("Content-Type") {
            let media = type.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
            if media != "application/json", !media.hasSuffix("+json") {
                return (.notOkta, "an answer of type '\(media.oneLine(limit: 60))' in place of JSON")
            }
        }
        guard let first else { return (.brokenBody, "an empty body in place of events") }
        guard first == 0x5B else { return (.brokenBody, "a body that is no JSON array") }
        guard body.count > 1, body.last(where: { !isSpace($0) }) == 0x5D else {
            return (.brokenBody, "a JSON array that breaks off after \(body.count) bytes")
        }
        return nil
    }

    /// Whether the array has no element.
    static func isEmptyArray(_ body: [UInt8]) -> Bool {
        var content = body.lazy.filter { !isSpace($0) }.makeIterator()
        return content.next() == 0x5B && content.next() == 0x5D
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}

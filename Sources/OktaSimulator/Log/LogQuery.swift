/// The parameters of `GET /api/v1/logs`, checked by the rules that Okta documents.
struct LogQuery {
    static let day: Int64 = 86_400_000

    var since: Int64?
    var until: Int64?
    var after: String?
    var filter: SCIMFilter?
    var keywords: [String] = []
    var limit = 100
    var descending = false
    /// The query's parameters except `after`, as the client wrote them. The `next` link repeats them.
    var repeated: [Substring] = []

    /// Whether the query is ascending and has no `until`. Such a query is endless, and its events are in the order of persistence.
    var isPolling: Bool { until == nil && !descending }

    /// - Parameters:
    ///   - rawQuery: the query after the `?`, as received.
    ///   - now: the server's time in milliseconds since 1970.
    init(rawQuery: String, now: Int64) throws(OktaError) {
        for part in rawQuery.split(separator: "&", omittingEmptySubsequences: true) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(pair[0]), let value = Self.decode(pair.count > 1 ? pair[1] : "") else {
                throw .invalid("query", "malformed percent-encoding")
            }
            if name != "after" { repeated.append(part) }
            switch name {
            case "since" where since == nil && !value.isEmpty: since = try Self.time("since", value)
            case "until" where until == nil && !value.isEmpty: until = try Self.time("until", value)
            case "after" where after == nil: after = value
            case "filter" where filter == nil && !value.isEmpty: filter = try SCIMFilter(value)
            case "q" where keywords.isEmpty: keywords = try Self.keywords(value)
            case "limit":
                guard let number = Int(value), (0...1000).contains(number) else {
                    throw .invalid("limit", "The limit must be a number from 0 to 1000.")
                }
                limit = number
            case "sortOrder":
                guard value == "ASCENDING" || value == "DESCENDING" else {
                    throw .invalid("sortOrder", "The sort order must be ASCENDING or DESCENDING.")
                }
                descending = value == "DESCENDING"
            default: break
            }
        }
        if let since, since < now - 180 * Self.day {
            throw OktaError(
                status: 400, code: "E0000053",
                summary: "Invalid parameter: The since parameter is over 180 days prior to the current day.")
        }
    }

    private static func time(_ name: String, _ text: String) throws(OktaError) -> Int64 {
        guard let time = Instant.parse(text) else {
            throw .invalid(
                name, "The date format in your query is not recognized. Enter dates using ISO8601 string format.")
        }
        return time
    }

    private static func keywords(_ text: String) throws(OktaError) -> [String] {
        let words = text.split(separator: " ").map { $0.lowercased() }
        guard words.count <= 10 else { throw .invalid("q", "The query has more than 10 keywords.") }
        guard words.allSatisfy({ $0.count <= 40 }) else {
            throw .invalid("q", "A keyword is longer than 40 characters.")
        }
        return words
    }

    /// Decodes form encoding (`+` is a space); nil for a `%` without two hex digits, or for bytes that are not UTF-8.
    static func decode(_ text: Substring) -> String? {
        var out: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0x2B: out.append(0x20)
            case 0x25:
                guard let high = rest.popFirst(), let low = rest.popFirst(), high != 0x2B, high != 0x2D,
                    let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
                else { return nil }
                out.append(value)
            default: out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}

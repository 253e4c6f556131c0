import Foundation

/// The answer of an endpoint, and the events for the log that the call causes.
struct ManagementAnswer {
    var status = 200
    /// The body; nil if it is empty.
    var json: Any?
    /// The `after` parameter in the `next` link, such as `after=00u…`; nil on the last page.
    var next: String?
    var events: [ActionEvent] = []

    /// Encodes a value as compact JSON with sorted keys.
    static func bytes(_ json: Any) -> [UInt8] {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed]
        return (try? JSONSerialization.data(withJSONObject: json, options: options)).map(Array.init) ?? []
    }
}

/// A request to a management endpoint, in the form that the directory needs.
struct ManagementRequest {
    let route: ManagementRoute
    let query: [String: String]
    let body: [UInt8]
    let contentType: String
    let origin: String
    let principal: Principal
    /// When the request arrived, in milliseconds since 1970.
    let now: Int64

    /// - Throws: 400 for a query that can't be decoded.
    init(_ exchange: Exchange, _ route: ManagementRoute, _ principal: Principal) throws(OktaError) {
        var query: [String: String] = [:]
        for part in exchange.request.rawQuery.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = LogQuery.decode(pair[0]), let value = LogQuery.decode(pair.count > 1 ? pair[1] : "") else {
                throw .invalid("query", "malformed percent-encoding")
            }
            query[name] = query[name] ?? value
        }
        self.query = query
        self.route = route
        self.principal = principal
        body = exchange.request.body
        contentType = exchange.request.header("content-type") ?? ""
        origin = exchange.origin
        now = exchange.now
    }

    /// The value of a query parameter that must be `true` or `false`.
    func flag(_ name: String, default value: Bool) throws(OktaError) -> Bool {
        switch query[name] {
        case nil: return value
        case "true"?: return true
        case "false"?: return false
        default: throw .invalid(name, "The value must be true or false.")
        }
    }

    /// The body as a JSON object.
    func object() throws(OktaError) -> [String: Any] {
        guard contentType.prefix(while: { $0 != ";" }).lowercased() == "application/json" else {
            throw OktaError(
                status: 400, code: "E0000021", summary: "Bad request.  Content-Type header must be application/json.")
        }
        guard let object = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] else {
            throw OktaError(status: 400, code: "E0000003", summary: "The request body was not well-formed.")
        }
        return object
    }

    /// Whether the `Content-Type` of the request asks Okta to omit a part of the answer: `application/json; okta-response=omitCredentials,…`.
    ///
    /// - Parameter part: the name of the option, such as `omitCredentials`.
    func omits(_ part: String) -> Bool {
        guard let range = contentType.range(of: "okta-response=") else { return false }
        return contentType[range.upperBound...].prefix { $0 != ";" }.split(separator: ",").contains {
            $0.trimmingSpaces.replacing("\"", with: "") == part
        }
    }
}

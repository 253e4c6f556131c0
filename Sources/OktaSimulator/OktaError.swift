/// An error answer of Okta's API: a status and a JSON body with code, summary, link, id and causes.
struct OktaError: Error {
    let status: Int
    let code: String
    let summary: String
    var causes: [String] = []

    /// The answer 400 E0000001, which refuses the value of one parameter.
    static func invalid(_ parameter: String, _ cause: String) -> OktaError {
        OktaError(
            status: 400, code: "E0000001", summary: "Api validation failed: \(parameter)",
            causes: ["\(parameter): \(cause)"])
    }

    /// 400 E0000053, which Okta uses for invalid filters and for a `since` out of range.
    static func badFilter(_ reason: String) -> OktaError {
        OktaError(status: 400, code: "E0000053", summary: "Invalid filter: \(reason)")
    }

    static let invalidToken = OktaError(status: 401, code: "E0000011", summary: "Invalid token provided")
    static let noSession = OktaError(status: 403, code: "E0000005", summary: "Invalid session")
    static let noPermission = OktaError(
        status: 403, code: "E0000006", summary: "You do not have permission to perform the requested action")
    static let notFound = OktaError(
        status: 404, code: "E0000008", summary: "The requested path was not found")
    static func noResource(_ path: String) -> OktaError {
        OktaError(status: 404, code: "E0000007", summary: "Not found: Resource not found: \(path)")
    }
    static func noUser(_ key: String) -> OktaError {
        OktaError(status: 404, code: "E0000007", summary: "Not found: Resource not found: \(key) (User)")
    }
    static func noGroup(_ id: String) -> OktaError {
        OktaError(status: 404, code: "E0000007", summary: "Not found: Resource not found: \(id) (UserGroup)")
    }
    static func noSession(_ id: String) -> OktaError {
        OktaError(status: 404, code: "E0000007", summary: "Not found: Resource not found: \(id) (Session)")
    }
    /// The answer if the org has no license for a feature.
    static let featureOff = OktaError(
        status: 401, code: "E0000015", summary: "You do not have permission to access the feature you are requesting")
    static let method = OktaError(
        status: 405, code: "E0000022", summary: "The endpoint does not support the provided HTTP method")
    static let rateLimit = OktaError(
        status: 429, code: "E0000047", summary: "API call exceeded rate limit due to too many requests.")
    static let internalFailure = OktaError(status: 500, code: "E0000009", summary: "Internal Server Error")
    static let unavailable = OktaError(
        status: 503, code: "E0000181", summary: "The service is temporarily unavailable.")

    func body(errorId: String) -> [UInt8] {
        var out: [UInt8] = []
        out.append("{\"errorCode\":\"\(code)\",\"errorSummary\":\"")
        out.appendJSONEscaped(summary.utf8)
        out.append("\",\"errorLink\":\"\(code)\",\"errorId\":\"\(errorId)\",\"errorCauses\":[")
        for (position, cause) in causes.enumerated() {
            out.append(position == 0 ? "{\"errorSummary\":\"" : ",{\"errorSummary\":\"")
            out.appendJSONEscaped(cause.utf8)
            out.append("\"}")
        }
        out.append("]}")
        return out
    }
}

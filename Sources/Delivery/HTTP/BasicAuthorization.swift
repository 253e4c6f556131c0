import FoundationEssentials

/// The value of an `Authorization` header for a user with a password (RFC 7617).
enum BasicAuthorization {
    static func value(user: String, password: String) -> String {
        "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())"
    }
}

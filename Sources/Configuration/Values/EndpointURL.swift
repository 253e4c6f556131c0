import CurlHTTPClient

/// The address of a store or service: scheme, host and port. Plain http is only allowed to a loopback address.
package struct EndpointURL: Sendable, Hashable, CustomStringConvertible {
    package let isSecure: Bool
    /// The host, with the port if it is not the scheme's default.
    package let authority: String

    /// Reads an address; the scheme is `https` if it is missing.
    ///
    /// - Parameters:
    ///   - kind: what is at the address, for messages.
    ///   - example: an example of such an address, for messages.
    package init(
        parsing text: String, of kind: String = "a store", example: String = "https://s3.example.com"
    ) throws(ValueError) {
        let hint = "write it like \(example)"
        guard !text.contains("@") else {
            throw ValueError("the address must not contain a user name or password", hint: hint)
        }
        var whole = text.contains("://") ? text : "https://" + text
        while whole.hasSuffix("/") { whole.removeLast() }
        guard let url = HTTPURL(whole), url.path.isEmpty, url.query == nil else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not the address of \(kind)", hint: hint)
        }
        guard url.isSecure || url.isLoopback else {
            throw ValueError("plain http is allowed only to a loopback address", hint: "write https://")
        }
        isSecure = url.isSecure
        authority = url.hostAndPort
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)" }
}

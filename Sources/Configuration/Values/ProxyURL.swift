/// An HTTP proxy: `http://HOST:PORT` or `https://HOST:PORT`, without user name and password.
package struct ProxyURL: Sendable, Hashable, CustomStringConvertible {
    /// The address in the form that libcurl's `CURLOPT_PROXY` expects.
    package let text: String

    /// Reads the address. The scheme is `http` if it is missing. The port is required.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write it like http://proxy.example.com:3128"
        guard !text.contains("@") else {
            throw ValueError("a proxy address must not contain a user name or password", hint: hint)
        }
        var scheme = "http"
        var rest = text
        while rest.hasSuffix("/") { rest.removeLast() }
        if let range = rest.firstRange(of: "://") {
            scheme = rest[..<range.lowerBound].lowercased()
            rest = String(rest[range.upperBound...])
        }
        guard scheme == "http" || scheme == "https" else {
            throw ValueError("the proxy's scheme must be http or https", hint: hint)
        }
        let allowed: Set<Character> = ["-", ".", ":", "[", "]", "_"]
        guard !rest.isEmpty, rest.utf8.count <= 300,
            rest.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) || allowed.contains($0) })
        else { throw ValueError("\(LiteralSecret.quoted(text)) is not a proxy's address", hint: hint) }
        // Without a port, libcurl would use port 1080, on which hardly any HTTP proxy listens.
        guard let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") else {
            throw ValueError("the proxy's port is missing", hint: hint)
        }
        guard let port = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(port), colon > rest.startIndex
        else { throw ValueError("the proxy's port must be from 1 to 65535", hint: hint) }
        self.text = "\(scheme)://\(rest)"
    }

    package var description: String { text }
}

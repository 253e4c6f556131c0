/// Carries one request to its host and brings the answer, whatever its status.
package protocol HTTPTransport: Sendable {
    /// Sends `request` and waits for the whole answer. A cancelled task ends the exchange.
    ///
    /// - Throws: ``TransportError`` when there was no whole answer within the request's limits.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse
}

/// Why there was no answer. Shows the host and what to check; never a query, a header or a credential.
package struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller can tell apart.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The host's name, or the proxy's, has no address.
        case resolve
        /// No connection.
        case connect
        /// The proxy can't be reached, refused, or asked for credentials. Nothing had been sent to the host.
        case proxy
        /// The server's certificate or the TLS handshake was no good. Nothing had been sent.
        case tls
        /// A time limit passed after the request had been sent.
        case timeout
        /// There was no memory for the body within a minute: those of others hold it. The host is not to blame.
        case noRoom
        /// Body or headers beyond their bound.
        case tooLarge
        /// The task was cancelled.
        case cancelled
        /// The connection ended inside the answer.
        case interrupted
        /// The answer is not HTTP, or its encoding is broken.
        case `protocol`
        /// The request itself can't be sent; trying again doesn't help.
        case invalidRequest
        /// The transport is shut down.
        case shutDown
    }

    /// What happened.
    package let kind: Kind
    /// Host, with the port where it is not the scheme's own.
    package let host: String
    /// The words of libcurl, or the reason; one line.
    package let detail: String
    /// What to do about this very error, where more is known than its kind tells. A sentence without its full stop.
    package let remedy: String?

    /// Makes an error; `detail` is cut to one short line.
    package init(_ kind: Kind, host: String, detail: String, remedy: String? = nil) {
        self.kind = kind
        self.host = host
        self.detail = detail.oneLine(limit: 240)
        self.remedy = remedy
    }

    /// What and where.
    package var summary: String {
        let words = detail.isEmpty ? "" : " (\(detail))"
        return switch kind {
        case .resolve: "the name \(host) can't be resolved\(words)"
        case .connect: "no connection to \(host)\(words)"
        case .proxy: "no way to \(host) through the proxy\(words)"
        case .tls: "no trusted TLS connection to \(host)\(words)"
        case .timeout: "\(host) did not answer in time\(words)"
        case .noRoom: "the answer of \(host) found no room in memory next to other answers\(words)"
        case .tooLarge: "the answer of \(host) is too large\(words)"
        case .cancelled: "the request to \(host) was cancelled"
        case .interrupted: "the answer of \(host) broke off\(words)"
        case .protocol: "the answer of \(host) is not proper HTTP\(words)"
        case .invalidRequest: "a request to \(host) can't be sent\(words)"
        case .shutDown: "the transport is shut down"
        }
    }

    /// What and where, and what to do if that is known; one line.
    package var description: String { remedy.map { "\(summary). \($0)." } ?? "\(summary)." }
}

extension String {
    /// The text with control characters as spaces, cut to `limit` characters: safe for a log line.
    package func oneLine(limit: Int) -> String {
        var line = String.UnicodeScalarView()
        var count = 0
        for scalar in unicodeScalars {
            guard count < limit else {
                line.append("…")
                break
            }
            let category = scalar.properties.generalCategory
            let hidden =
                category == .control || category == .format || category == .lineSeparator
                || category == .paragraphSeparator
            line.append(hidden ? " " : scalar)
            count += 1
        }
        return String(line)
    }
}

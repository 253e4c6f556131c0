/// Sends requests to their hosts and returns the answers, whatever their status.
package protocol HTTPTransport: Sendable {
    /// Sends `request` and waits for the complete answer. If the task is cancelled, the exchange ends.
    ///
    /// - Throws: ``TransportError`` if no complete answer arrived within the request's limits.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse
}

/// Why there was no answer. The description says what happened at which host, and what to check if that is known. It never contains a query, a header
/// or a credential.
package struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of error that a caller can distinguish.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The name of the host or of the proxy can't be resolved.
        case resolve
        /// A connection to the host can't be opened.
        case connect
        /// The proxy is unreachable, refused the connection, or requires credentials. Nothing was sent to the host.
        case proxy
        /// The server's certificate is not trusted, or the TLS handshake failed. The request was not sent.
        case tls
        /// A time limit passed after the request was sent.
        case timeout
        /// There was no memory for the body within the time limit, because other bodies did not release their memory. The host is not the cause.
        case noRoom
        /// The body or the headers exceed their limit.
        case tooLarge
        /// The task was cancelled.
        case cancelled
        /// The connection ended before the answer was complete.
        case interrupted
        /// The answer can't be read: it is not HTTP, or its encoding is broken. Also any libcurl error that no other kind covers.
        case `protocol`
        /// The request is invalid, the file to send can't be read, or the transport can't be set up. Sending the same request again usually fails,
        /// too.
        case invalidRequest
        /// The transport is shut down.
        case shutDown
    }

    /// What happened.
    package let kind: Kind
    /// The host, with the port if it is not the scheme's default.
    package let host: String
    /// libcurl's error message or another reason, on one line.
    package let detail: String
    /// What to do about this error: a sentence without its final full stop. Nil if there is no special advice; callers may then give general
    /// advice for the error's kind.
    package let remedy: String?

    /// Creates an error. `detail` is shortened to one line.
    package init(_ kind: Kind, host: String, detail: String, remedy: String? = nil) {
        self.kind = kind
        self.host = host
        self.detail = detail.oneLine(limit: 240)
        self.remedy = remedy
    }

    /// What happened, and at which host.
    package var summary: String {
        let words = detail.isEmpty ? "" : " (\(detail))"
        return switch kind {
        case .resolve: "the name \(host) can't be resolved\(words)"
        case .connect: "no connection to \(host)\(words)"
        case .proxy: "no connection to \(host) through the proxy\(words)"
        case .tls: "no trusted TLS connection to \(host)\(words)"
        case .timeout: "\(host) did not answer in time\(words)"
        case .noRoom: "no memory for the answer of \(host), because other answers are not stored yet\(words)"
        case .tooLarge: "the answer of \(host) is too large\(words)"
        case .cancelled: "the request to \(host) was cancelled"
        case .interrupted: "the connection to \(host) ended before its answer was complete\(words)"
        case .protocol: "the answer of \(host) can't be read\(words)"
        case .invalidRequest: "a request can't be sent to \(host)\(words)"
        case .shutDown: "the HTTP client has been shut down"
        }
    }

    /// What happened and at which host, and what to do if that is known. One line.
    package var description: String { remedy.map { "\(summary). \($0)." } ?? "\(summary)." }
}

extension String {
    /// The text with control characters replaced by spaces, cut to `limit` characters, so that it is safe for a log line.
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

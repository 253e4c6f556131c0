/// A method of RFC 9110.
package enum HTTPMethod: String, Sendable, Hashable {
    case get = "GET"
    /// Requests only the headers.
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// One request. The transport refuses a request whose URL could lead to an unexpected host, or whose headers could add further header lines.
package struct HTTPRequest: Sendable {
    /// The method.
    package var method: HTTPMethod
    /// The absolute address, sent byte for byte.
    package var url: String
    /// The header lines, in addition to those that the transport adds (`Host`, `User-Agent`, `Accept-Encoding`, length).
    package var headers: HTTPHeaders
    /// The body; nil for none. A POST or PUT without a body is sent with `Content-Length: 0`. Without this header, a server may answer 411 (RFC 9110,
    /// 8.6).
    package var body: [UInt8]?
    /// Limits of time and size.
    package var limits: HTTPLimits
    /// The expected size of the decoded body in bytes; 0 if unknown. If the size is known, memory is allocated only once.
    package var expectedBodyBytes: Int
    /// Whether the response is to describe the connection (``HTTPResponse/connection``). The request then uses a new connection.
    package var describesConnection = false
    /// Whether the request must not be sent twice. If so, the request uses a new connection. On a reused connection that turns out to be closed,
    /// libcurl would send the request again (Curl_retry_request), although the server may have processed it already.
    package var isSentOnce = false
    /// A file to send instead of `body`. Only for PUT.
    package var upload: HTTPUpload?
    /// The key that signs the request; nil for an unsigned request.
    package var signature: RequestSignature?
    /// Whether plain http to a link-local address is allowed, for the metadata services of clouds. Such a request does not use a proxy.
    package var allowsLinkLocal = false
    /// The name of this request's URL in messages, such as `the org's URL` in "Check the org's URL"; nil to use the name in the transport's options.
    package var addressName: String?

    /// The default name of a request's URL in messages.
    package static let usualAddressName = "the address"

    /// Creates a request.
    package init(
        _ method: HTTPMethod = .get, _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8]? = nil,
        limits: HTTPLimits = HTTPLimits(), expectedBodyBytes: Int = 0
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.expectedBodyBytes = expectedBodyBytes
    }
}

/// Limits of one exchange.
package struct HTTPLimits: Sendable, Hashable {
    /// The maximum time from the name look-up to the end of the TLS handshake.
    package var connect: Duration
    /// The maximum time from the start to the end of the exchange. The default is well above the 30 s that a slow API may need for a query.
    package var total: Duration
    /// The maximum time for which the transfer may be slower than one byte a second. The default is above the 30 s that a slow API may need for a
    /// query, because a server sends nothing while it works on a query.
    package var stall: Duration
    /// The maximum time for which the body may wait until other bodies release memory.
    package var room: Duration
    /// The maximum size of the decoded body, in bytes. A compressed body is cut off as soon as it exceeds the limit.
    package var bodyBytes: Int
    /// The maximum size of all header lines together, in bytes.
    package var headerBytes: Int

    /// The defaults suit a page of up to a thousand events.
    package init(
        connect: Duration = .seconds(10), total: Duration = .seconds(60), stall: Duration = .seconds(40),
        room: Duration = .seconds(60), bodyBytes: Int = 32 << 20, headerBytes: Int = 64 << 10
    ) {
        self.connect = connect
        self.total = total
        self.stall = stall
        self.room = room
        self.bodyBytes = bodyBytes
        self.headerBytes = headerBytes
    }
}

/// The HTTP version of an exchange.
package enum HTTPVersion: String, Sendable, Hashable {
    case http1_0 = "HTTP/1.0"
    case http1_1 = "HTTP/1.1"
    case http2 = "HTTP/2"
    case http3 = "HTTP/3"
    case unknown = "HTTP"
}

/// Describes the connection of an exchange, for a person who looks for a problem in the network.
package struct HTTPConnection: Sendable, Hashable {
    /// Address and port of the connection's other end: the proxy if there is one, otherwise the host.
    package var address = ""
    /// The proxy's host and port; nil if there is none.
    package var proxy: String?
    /// The TLS version, such as `TLSv1.3`; nil without TLS.
    package var tlsVersion: String?
    /// The issuer of the server's certificate.
    package var certificateIssuer: String?
    /// When the server's certificate expires, as libcurl reports it.
    package var certificateEnd: String?

    /// Creates a description in which nothing is known.
    package init() {}
}

/// One complete answer.
package struct HTTPResponse: Sendable {
    /// The status, 100…599.
    package var status: Int
    /// The header lines of the final answer, without trailers. The lines of a proxy's answer to CONNECT and of 1xx answers are not included.
    package var headers: HTTPHeaders
    /// The decoded body.
    package var body: [UInt8]
    /// The HTTP version of the answer.
    package var version: HTTPVersion
    /// The connection, if the request asked for a description.
    package var connection: HTTPConnection?
    /// Whether this is an answer of the token endpoint (RFC 6749, 3.2) instead of an answer to the request. If so, the endpoint issued no access
    /// token, and the request was not sent. The code that authorizes requests sets this value.
    package var isOfTokenEndpoint = false
    /// The memory allowance of a large body; nil for a small body. The memory counts as used until this object is released.
    package var allowance: BodyAllowance?

    /// Creates an answer.
    package init(
        status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], version: HTTPVersion = .http1_1,
        allowance: BodyAllowance? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.version = version
        self.allowance = allowance
    }
}

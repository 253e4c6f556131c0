/// A method of RFC 9110.
package enum HTTPMethod: String, Sendable, Hashable {
    case get = "GET"
    /// Asks for the headers alone.
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// One request. The transport checks it; nothing in it can add a header line or reach another host.
package struct HTTPRequest: Sendable {
    /// The method.
    package var method: HTTPMethod
    /// The absolute address, sent byte for byte.
    package var url: String
    /// The lines to send, besides those that the transport adds (`Host`, `User-Agent`, `Accept-Encoding`, length).
    package var headers: HTTPHeaders
    /// What to send; `nil` sends `Content-Length: 0` with a POST or PUT, without which a server may answer 411 (RFC 9110, 8.6).
    package var body: [UInt8]?
    /// Bounds on time and size.
    package var limits: HTTPLimits
    /// A guess of the decoded body's size in bytes, so that one allocation holds it. Zero: no guess.
    package var expectedBodyBytes: Int
    /// Whether a connection of its own is made for it, and described in the answer.
    package var describesConnection = false
    /// Whether a connection of its own is made for it, so that it is sent once: libcurl sends a request again when a kept connection turns out to
    /// be closed (Curl_retry_request), and the server may have acted on the first one.
    package var isSentOnce = false
    /// A file to send instead of `body`. Only with PUT.
    package var upload: HTTPUpload?
    /// The key that signs it; `nil` sends it unsigned.
    package var signature: RequestSignature?
    /// Whether plain http to an address of this very link is allowed, which then goes through no proxy: for the metadata services of clouds.
    package var allowsLinkLocal = false
    /// What the address is called in messages, as in "Check the org's URL"; `nil`: what the transport's options say.
    package var addressName: String?

    /// What messages call an address unless the caller gives it a name.
    package static let usualAddressName = "the address"

    /// Makes a request.
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

/// Bounds on one exchange.
package struct HTTPLimits: Sendable, Hashable {
    /// From the look-up of the name to the end of the TLS handshake.
    package var connect: Duration
    /// From start to end. Well above the 30 s that slow APIs give a query before they answer.
    package var total: Duration
    /// How long less than one byte a second may arrive. Above those 30 s as well: a server sends nothing while it searches.
    package var stall: Duration
    /// How long the body may wait for memory that other bodies hold.
    package var room: Duration
    /// Largest body, in bytes after decoding. A compressed body that grows beyond it is cut off while it grows.
    package var bodyBytes: Int
    /// Largest sum of the header lines, in bytes.
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

/// The protocol that carried an exchange.
package enum HTTPVersion: String, Sendable, Hashable {
    case http1_0 = "HTTP/1.0"
    case http1_1 = "HTTP/1.1"
    case http2 = "HTTP/2"
    case http3 = "HTTP/3"
    case unknown = "HTTP"
}

/// What carried an exchange, for a person who looks for trouble on the way.
package struct HTTPConnection: Sendable, Hashable {
    /// Address and port that were called: the proxy's where there is one.
    package var address = ""
    /// The proxy's host and port; `nil`: none.
    package var proxy: String?
    /// Such as `TLSv1.3`; `nil` without TLS.
    package var tlsVersion: String?
    /// Who signed the server's certificate.
    package var certificateIssuer: String?
    /// The end of the certificate's life, as the certificate writes it.
    package var certificateEnd: String?

    /// Nothing known.
    package init() {}
}

/// One whole answer.
package struct HTTPResponse: Sendable {
    /// 100…599 as sent.
    package var status: Int
    /// The header lines of the final answer; those of a proxy's CONNECT, of 1xx answers and trailers are left out.
    package var headers: HTTPHeaders
    /// The body, decoded.
    package var body: [UInt8]
    /// What carried it.
    package var version: HTTPVersion
    /// What carried it, if the request asked for that.
    package var connection: HTTPConnection?
    /// Whether it is the token endpoint's (RFC 6749, 3.2), instead of the answer to the request that the token was for. Set by who authorizes requests.
    package var isOfTokenEndpoint = false
    /// The memory that a large body takes, counted until this is let go of; `nil` for a small one.
    package var share: BodyShare?

    /// Makes an answer.
    package init(
        status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], version: HTTPVersion = .http1_1,
        share: BodyShare? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.version = version
        self.share = share
    }
}

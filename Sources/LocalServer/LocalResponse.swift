/// The response to a request.
package struct LocalResponse: Sendable {
    /// An HTTP status (RFC 9110, section 15).
    package var status: Int
    /// The media type of the body.
    package var contentType: String
    /// Headers in addition to ``commonHeaders``.
    package var headers: [(name: String, value: String)]
    package var body: ResponseBody

    package init(
        _ status: Int = 200, _ contentType: String, headers: [(name: String, value: String)] = [], body: ResponseBody
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    /// A line of text, with a newline added.
    package init(_ status: Int, text: String) {
        self.init(status, "text/plain; charset=utf-8", body: ResponseBody(Array((text + "\n").utf8)))
    }

    /// Headers of every response. They tell browsers not to cache the response, not to show it in a frame, and not to let other sites read it.
    static let commonHeaders: [(name: String, value: String)] = [
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
}

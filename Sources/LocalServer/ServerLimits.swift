import NIOCore
import NIOHTTP1

/// What a client may take of the server. Nothing that a client does exceeds these.
package struct ServerLimits: Sendable {
    /// Connections at once. One more closes the oldest that has sent no whole request, so that clients which hold connections open keep nobody out.
    package var connections = 64
    /// From the start of a connection until its request is whole.
    package var request = Duration.seconds(10)
    /// Until a response is taken.
    package var response = Duration.seconds(20)
    /// Of a header's name and value together, in bytes.
    package var header = 8 << 10
    /// Of all headers of a request together, in bytes.
    package var headers = 16 << 10
    /// Of the address that is asked for, in bytes.
    package var target = 2 << 10

    package init() {}

    var decoder: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = header
        limits.maxHeaderListSize = headers
        limits.maxHeaderFieldCount = 64
        return limits
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}

import NIOCore
import NIOHTTP1

/// Bounds of the resources that clients can use.
package struct ServerLimits: Sendable {
    /// Connections at once. A further one closes the oldest that has not sent a complete request, so clients with idle connections can't keep others out.
    package var connections = 64
    /// The time from the start of a connection until its request is complete.
    package var request = Duration.seconds(10)
    /// The time until the client has received the response.
    package var response = Duration.seconds(20)
    /// Size of a header's name and value together, in bytes.
    package var header = 8 << 10
    /// Size of all headers of a request together, in bytes.
    package var headers = 16 << 10
    /// Size of the requested address, in bytes.
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

import NIOCore
import NIOHTTP1

/// Bounds of the resources that clients can use.
package struct ServerLimits: Sendable {
    /// The maximum number of open connections. A further connection closes the oldest one that has not sent a complete request, so idle clients can't
    /// keep others out.
    package var connections = 64
    /// The time limit from the start of a connection until its request is complete.
    package var request = Duration.seconds(10)
    /// The time limit for the client to receive the response.
    package var response = Duration.seconds(20)
    /// The maximum size of a header's name and value together, in bytes.
    package var header = 8 << 10
    /// The maximum size of all headers of a request together, in bytes.
    package var headers = 16 << 10
    /// The maximum size of the requested address, in bytes.
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

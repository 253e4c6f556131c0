import NIOCore

/// Bytes that any number of responses share: a slow client holds a reference, not a copy.
package struct ResponseBody: Sendable, Hashable {
    let buffer: ByteBuffer

    package init(_ bytes: [UInt8]) { buffer = ByteBuffer(bytes: bytes) }

    /// The number of bytes in the body.
    package var count: Int { buffer.readableBytes }
    /// A copy of the body's bytes.
    package var bytes: [UInt8] { Array(buffer.readableBytesView) }
}

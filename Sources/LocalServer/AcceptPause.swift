import Glibc
import NIOCore

/// Stops accepting connections for a second after an accept(2) that failed, for example because no descriptors are free.
///
/// The waiting connections stay in the backlog. Without the pause, the event loop would try to accept them again and again without a wait. NIO's
/// `AcceptBackoffHandler` does not help: it delays read requests, but after an accept(2) that failed, NIO makes none and stays registered for the event.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    static let pause = TimeAmount.seconds(1)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // After ECONNABORTED, the next connection can be accepted at once.
        guard let error = error as? IOError, error.errnoCode != ECONNABORTED else {
            return context.fireErrorCaught(error)
        }
        let channel = context.channel
        channel.setOption(.autoRead, value: false).whenSuccess {
            channel.eventLoop.scheduleTask(in: Self.pause) { channel.setOption(.autoRead, value: true) }
        }
    }
}

import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP/1.1 server for programs and people on this host: GET and HEAD, no request bodies, one request per connection. The server has its own
/// thread.
///
/// ```swift
/// let server = LocalServer(.tcp(host: "127.0.0.1", port: 9464)) { request in … }
/// try await server.run { print("listening") }   // until the task is cancelled
/// ```
///
/// The server does not authenticate clients. ``ServerLimits`` bounds the resources that they use.
package struct LocalServer: Sendable {
    /// Answers a request. It is called on the server's thread, so a slow handler delays the other clients.
    package typealias Handler = @Sendable (LocalRequest) -> LocalResponse

    /// Why the server can't listen, as text for a person.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(_ error: any Error) {
            description = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        }
    }

    private let address: LocalAddress
    private let limits: ServerLimits
    private let handler: Handler

    package init(_ address: LocalAddress, limits: ServerLimits = ServerLimits(), handler: @escaping Handler) {
        self.address = address
        self.limits = limits
        self.handler = handler
    }

    /// Serves requests until the task is cancelled, and then closes all connections.
    ///
    /// - Parameter listening: called with the port once clients can connect; nil for a Unix socket.
    /// - Throws: ``Failure`` with the reason why the server can't listen, such as a port that is in use.
    package func run(listening: @Sendable (Int?) -> Void) async throws(Failure) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let outcome: Result<Void, any Error>
        do {
            let server = try await bind(on: group)
            listening(server.localAddress?.port)
            outcome = await withTaskCancellationHandler {
                do {
                    return .success(try await server.closeFuture.get())
                } catch {
                    return .failure(error)
                }
            } onCancel: {
                server.close(mode: .all, promise: nil)
            }
        } catch {
            outcome = .failure(error)
        }
        // Closes the remaining connections.
        try? await group.shutdownGracefully()
        if case .failure(let error) = outcome { throw Failure(error) }
    }

    func bind(on group: MultiThreadedEventLoopGroup) async throws -> any Channel {
        let table = ConnectionTable(limit: limits.connections)
        let (limits, handler) = (limits, handler)
        let hosts: HostRule
        if case .tcp = address { hosts = HostRule(isChecked: true) } else { hosts = HostRule(isChecked: false) }
        let bootstrap = ServerBootstrap(group: group)
            // The backlog is large, because a client that finds it full waits a second before it tries to connect again.
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptPause()) }
            }
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: true, withOutboundHeaderValidation: true,
                        withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: limits.decoder)
                    try pipeline.addHandler(
                        ConnectionHandler(table: table, limits: limits, hosts: hosts, handler: handler))
                }
            }
        switch address {
        case .tcp(let host, let port):
            return try await bootstrap.serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .bind(to: SocketAddress(ipAddress: host, port: port)).get()
        case .unix(let path):
            let channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            // A client needs write permission to connect (unix(7)). As with a TCP port, every user who can reach the path may connect.
            chmod(path, 0o666)
            return channel
        }
    }
}

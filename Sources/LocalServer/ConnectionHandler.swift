import NIOCore
import NIOHTTP1

/// Handles one connection. The connection serves one request, with a time limit for the request and for the response, and is then closed, even if the
/// client has sent more. On one host a new connection costs little, and no client gains an advantage by sending many requests at once.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let table: ConnectionTable
    private let limits: ServerLimits
    private let hosts: HostRule
    private let handler: LocalServer.Handler
    private var deadline: Scheduled<Void>?
    private var head: HTTPRequestHead?
    /// Whether the request has been answered. Further input is then ignored.
    private var isAnswered = false

    init(table: ConnectionTable, limits: ServerLimits, hosts: HostRule, handler: @escaping LocalServer.Handler) {
        self.table = table
        self.limits = limits
        self.hosts = hosts
        self.handler = handler
    }

    func channelActive(context: ChannelHandlerContext) {
        table.opened(context.channel)
        closes(after: limits.request, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        table.closed(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            // No request to this server needs a body. A request with a body is refused, and its body is not read.
            if head.headers["Content-Length"].contains(where: { $0 != "0" })
                || head.headers.contains(name: "Transfer-Encoding")
            {
                let response = refusal(head) ?? LocalResponse(413, text: "send the request without a body")
                respond(response, to: head, context)
            } else {
                self.head = head
            }
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            respond(refusal(head) ?? handler(LocalRequest(uri: head.uri)), to: head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // If the request was malformed, NIO has already answered it with 400.
        context.close(promise: nil)
    }

    /// The response that refuses a request; nil if the request is acceptable.
    private func refusal(_ head: HTTPRequestHead) -> LocalResponse? {
        guard head.method == .GET || head.method == .HEAD else {
            return LocalResponse(405, text: "only GET and HEAD are allowed here").with("Allow", "GET, HEAD")
        }
        guard hosts.accepts(head.headers["Host"]) else {
            return LocalResponse(
                421,
                text:
                    "this page is served only under names of this host itself: open http://localhost or http://127.0.0.1, with the port"
            )
        }
        guard head.uri.utf8.count <= limits.target else { return LocalResponse(414, text: "the address is too long") }
        return nil
    }

    private func respond(
        _ response: LocalResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        isAnswered = true
        table.responds(context.channel)
        self.closes(after: limits.response, context)
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: response.contentType)
        headers.add(name: "Content-Length", value: "\(response.body.count)")
        for (name, value) in LocalResponse.commonHeaders + response.headers { headers.add(name: name, value: value) }
        headers.add(name: "Connection", value: "close")
        let status = HTTPResponseStatus(statusCode: response.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(response.body.buffer))), promise: nil)
        }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(mode: .all, promise: nil) }
    }

    /// Closes the connection after this time. A further call replaces the earlier limit.
    private func closes(after duration: Duration, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(duration)) { channel.close(mode: .all, promise: nil) }
    }
}

extension LocalResponse {
    fileprivate func with(_ name: String, _ value: String) -> Self {
        var response = self
        response.headers.append((name, value))
        return response
    }
}

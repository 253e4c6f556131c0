import Foundation
import Glibc
import Synchronization

/// A small HTTP/1.1 server with blocking sockets and one thread per connection. No library is used, because the faults need control over every byte,
/// for example for two header lines of the same name in a given order, wrong lengths, or bodies that stop.
final class Listener: Sendable {
    typealias Handler = @Sendable (HTTPRequest) -> (reply: HTTPReply, finished: @Sendable () -> Void)

    private struct State {
        var isStopping = false
        var connections: Set<Int32> = []
        var threads = 0
    }

    /// The maximum size of a request's head in bytes. A request with a larger head ends the connection.
    private static let maximumHead = 65_536
    /// The maximum size of a request's body in bytes. A request with a larger body ends the connection.
    private static let maximumBody = 64 << 20

    let port: UInt16
    private let socket: Int32
    private let handler: Handler
    private let accepted: @Sendable () -> Void
    private let state = Mutex(State())
    private let threadsEnded = DispatchSemaphore(value: 0)

    /// Binds the address, listens on it, and starts to accept connections.
    init(host: String, port: UInt16, accepted: @escaping @Sendable () -> Void, handler: @escaping Handler) throws {
        guard host == "127.0.0.1" || host == "::1" else { throw SimulatorError.notLoopback(host: host) }
        let isV6 = host == "::1"
        let socket = Glibc.socket(
            isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw SimulatorError.cannotListen(host: host, port: port, errno: errno) }
        var on: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var storage = sockaddr_storage()
        var length: socklen_t
        if isV6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in6.self) }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in.self) }
        }
        let bound = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && listen(socket, 512) == 0
                    && getsockname(socket, address, &length) == 0
            }
        }
        guard bound else {
            let code = errno
            close(socket)
            throw SimulatorError.cannotListen(host: host, port: port, errno: code)
        }
        // The port has the same offset in `sockaddr_in` and `sockaddr_in6`.
        self.port = withUnsafeBytes(of: &storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
        self.socket = socket
        self.handler = handler
        self.accepted = accepted
        state.withLock { $0.threads = 1 }
        startThread { $0.acceptConnections() }
    }

    private func startThread(_ body: @escaping @Sendable (Listener) -> Void) {
        let thread = Thread { [self] in
            body(self)
            let isLast = state.withLock { state in
                state.threads -= 1
                return state.threads == 0
            }
            if isLast { threadsEnded.signal() }
        }
        thread.stackSize = 512 << 10
        thread.start()
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func acceptConnections() {
        while true {
            let connection = accept(socket, nil, nil)
            if connection < 0 {
                if isStopping { break }
                // Without a free descriptor, `accept` fails at once. The pause prevents a busy loop until a connection has been closed.
                if errno == EMFILE || errno == ENFILE { usleep(10_000) }
                continue
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            let isTaken = state.withLock { state in
                guard !state.isStopping else { return false }
                state.connections.insert(connection)
                state.threads += 1
                return true
            }
            guard isTaken else {
                close(connection)
                break
            }
            accepted()
            startThread { listener in
                listener.serve(connection)
                listener.state.withLock { state in
                    state.connections.remove(connection)
                    close(connection)
                }
            }
        }
        close(socket)
    }

    /// Ends every connection, including hanging ones, and returns when the last thread has ended and the port is free. Later calls return
    /// immediately.
    func stop() async {
        let isFirst = state.withLock { state in
            guard !state.isStopping else { return false }
            state.isStopping = true
            shutdown(socket, Int32(SHUT_RDWR))
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
            return true
        }
        guard isFirst else { return }
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                threadsEnded.wait()
                continuation.resume()
            }
        }
    }

    private func serve(_ connection: Int32) {
        var on: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var pending: [UInt8] = []
        while let request = readRequest(connection, &pending) {
            let (reply, finished) = handler(request)
            let goesOn = send(reply, to: connection, withBody: request.method != "HEAD", finished)
            if !goesOn || request.header("connection")?.lowercased() == "close" { break }
        }
    }

    private func receive(_ connection: Int32, _ pending: inout [UInt8]) -> Bool {
        let start = pending.count
        let chunk = 16_384
        pending.append(contentsOf: repeatElement(0, count: chunk))
        var got = -1
        repeat {
            got = pending.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return -1 }
                return recv(connection, base + start, chunk, 0)
            }
        } while got < 0 && errno == EINTR
        pending.removeLast(chunk - max(0, got))
        return got > 0
    }

    private func readRequest(_ connection: Int32, _ pending: inout [UInt8]) -> HTTPRequest? {
        var headEnd: Int?
        while headEnd == nil {
            if pending.count >= 4 {
                headEnd = (3..<pending.count).first {
                    pending[$0] == 10 && pending[$0 - 1] == 13 && pending[$0 - 2] == 10 && pending[$0 - 3] == 13
                }
            }
            if headEnd == nil, pending.count > Self.maximumHead || !receive(connection, &pending) { return nil }
        }
        guard let end = headEnd, let request = HTTPRequest(head: pending[...end]) else { return nil }
        let length = request.header("content-length").flatMap { Int($0) } ?? 0
        guard length >= 0, length <= Self.maximumBody, request.header("transfer-encoding") == nil else { return nil }
        while pending.count < end + 1 + length {
            if !receive(connection, &pending) { return nil }
        }
        let body = Array(pending[(end + 1)..<(end + 1 + length)])
        let head = Array(pending[...end])
        pending.removeFirst(end + 1 + length)
        return HTTPRequest(head: head, body: body)
    }

    /// Sends a reply. Calls `finished` before the last piece, because the client may send its next request as soon as it has the whole answer.
    /// - Returns: false if the connection must end.
    private func send(_ reply: HTTPReply, to connection: Int32, withBody: Bool, _ finished: () -> Void) -> Bool {
        switch reply.delivery {
        case .disconnect, .hang:
            finished()
            guard case .hang = reply.delivery else { return false }
            // The loop ends when the client closes the connection or the org stops.
            var scratch: [UInt8] = []
            while receive(connection, &scratch) { scratch.removeAll(keepingCapacity: true) }
            return false
        default: break
        }
        let head = reply.head()
        var pieces: [ArraySlice<UInt8>]
        let body = reply.body
        var goesOn = true
        switch reply.delivery {
        case _ where !withBody: pieces = [head.dropLast(), head.suffix(1)]
        case .chunked:
            // The body is sent as a single chunk, followed by the empty last chunk (RFC 9112 section 7.1).
            let size = Array((String(body.count, radix: 16) + "\r\n").utf8)
            pieces = body.isEmpty ? [head[...]] : [(head + size)[...], body[...], [13, 10]]
            pieces.append([0x30, 13, 10, 13, 10])
        case .chunkedCutShort:
            let size = Array((String(body.count + 1, radix: 16) + "\r\n").utf8)
            pieces = [(head + size)[...], body.prefix(max(1, body.count / 2))]
            goesOn = false
        case .slow(let bytesPerSecond):
            let step = max(1, bytesPerSecond / 20)
            pieces = [head[...]]
            pieces += stride(from: 0, to: body.count, by: step).map { body[$0..<min(body.count, $0 + step)] }
        default:
            pieces = body.isEmpty ? [head.dropLast(), head.suffix(1)] : [head[...], body.dropLast(), body.suffix(1)]
            if case .lengthTooLong = reply.delivery { goesOn = false }
        }
        var isSlow = false
        if case .slow = reply.delivery { isSlow = true }
        for (position, piece) in pieces.enumerated() {
            if position == pieces.count - 1 { finished() }
            guard write(piece, to: connection), !isSlow || !isStopping else {
                if position < pieces.count - 1 { finished() }
                return false
            }
            if isSlow { usleep(50_000) }
        }
        return goesOn
    }

    private func write(_ bytes: ArraySlice<UInt8>, to connection: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var at = 0
            while at < buffer.count, let base = buffer.baseAddress {
                let sent = Glibc.send(connection, base + at, buffer.count - at, Int32(MSG_NOSIGNAL))
                if sent < 0 && errno == EINTR { continue }
                if sent <= 0 { return false }
                at += sent
            }
            return true
        }
    }
}

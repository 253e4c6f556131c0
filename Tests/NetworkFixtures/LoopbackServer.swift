import Foundation
import Glibc
import Synchronization

/// A small HTTP/1.1 server on a free port of 127.0.0.1, with a thread per connection. A closure answers each request.
package final class LoopbackServer: Sendable {
    /// The answer to a request.
    package enum Answer {
        /// Sends these bytes and keeps the connection open.
        case bytes([UInt8])
        /// Sends this text and closes the connection.
        case textThenClose(String)
        /// Sends nothing and keeps the connection open.
        case silence

        /// Sends this text and keeps the connection open.
        package static func text(_ text: String) -> Answer { .bytes(Array(text.utf8)) }

        /// Sends the status 200, these header lines and this body.
        package static func answer(_ headers: String, _ body: String) -> Answer {
            .text(
                "HTTP/1.1 200 OK\r\n\(headers.isEmpty ? "" : headers + "\r\n")Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }
    }

    private struct State {
        var connections = 0
        var open = 0
        var requests: [String] = []
        var waiters: [(isDue: @Sendable (State) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    /// The port on 127.0.0.1.
    package let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())
    private let answer: @Sendable (String) -> Answer

    /// The address and the port.
    package var authority: String { "127.0.0.1:\(port)" }
    /// The URL: `http` with address and port.
    package var url: String { "http://\(authority)" }
    /// The number of connections accepted so far.
    package var connections: Int { state.withLock { $0.connections } }
    /// The request lines and headers of all requests so far, one text for each request.
    package var requests: [String] { state.withLock { $0.requests } }

    /// Starts to listen. `answer` gets the request line and the headers of each request.
    package init(_ answer: @escaping @Sendable (String) -> Answer) throws {
        (listener, port) = try Self.listening()
        self.answer = answer
        guard listen(listener, 512) == 0 else { throw POSIXError(.EADDRINUSE) }
        let listener = listener
        Thread.detachNewThread { [weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    // Only this thread closes the listening socket. If another thread did, the descriptor number could be used for a new
                    // socket, and this thread would call accept on the new socket.
                    close(listener)
                    return
                }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                guard let self else {
                    close(client)
                    return
                }
                self.change {
                    $0.connections += 1
                    $0.open += 1
                }
                Thread.detachNewThread { [self] in serve(client) }
            }
        }
    }

    deinit {
        Glibc.shutdown(listener, Int32(SHUT_RDWR))
    }

    /// A port of 127.0.0.1 that is free now. Another program may take it.
    package static func freePort() throws -> UInt16 {
        let (socket, port) = try listening()
        close(socket)
        return port
    }

    /// Waits until at least this many requests have arrived.
    package func untilRequests(_ count: Int) async { await until { $0.requests.count >= count } }
    /// Waits until no connection is open.
    package func untilClosed() async { await until { $0.open == 0 } }

    private func until(_ isDue: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            change { $0.waiters.append((isDue, continuation)) }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let due = state.withLock { state in
            body(&state)
            let now = state
            let due = state.waiters.filter { $0.isDue(now) }.map(\.continuation)
            state.waiters.removeAll { $0.isDue(now) }
            return due
        }
        for continuation in due { continuation.resume() }
    }

    private func serve(_ client: Int32) {
        defer {
            close(client)
            change { $0.open -= 1 }
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: received[..<end.upperBound], as: UTF8.self)
                let length = head.firstMatch(of: /Content-Length: (\d+)/).flatMap { Int($0.1) } ?? 0
                if received.count >= end.upperBound + length {
                    received.removeFirst(end.upperBound + length)
                    change { $0.requests.append(head) }
                    switch answer(head) {
                    case .bytes(let bytes): guard send(client, bytes) else { return }
                    case .textThenClose(let text):
                        _ = send(client, Array(text.utf8))
                        return
                    case .silence: break
                    }
                    continue
                }
            }
            let count = read(client, &buffer, buffer.count)
            guard count > 0 else { return }
            received += buffer[..<count]
        }
    }

    private func send(_ client: Int32, _ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(client, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Whether a program accepts connections on `port` of `host`, an IPv4 address of this machine.
    package static func isListening(_ port: UInt16, of host: String = "127.0.0.1") -> Bool {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(client) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, host, &address.sin_addr)
        address.sin_port = port.bigEndian
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func listening() throws -> (socket: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard listener >= 0, isBound else { throw POSIXError(.EADDRINUSE) }
        return (listener, UInt16(bigEndian: address.sin_port))
    }
}

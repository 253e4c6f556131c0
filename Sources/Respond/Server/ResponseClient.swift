import Glibc

/// Sends requests to the helper over its socket.
package struct ResponseClient: Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// No process listens on the socket: the errno of connect(2) is `ENOENT`, `ECONNREFUSED` or `ENOTSOCK`.
        case notRunning(Int32)
        /// The socket's mode does not let this user connect.
        case noPermission
        /// The connection failed for another reason: the errno of connect(2).
        case unreachable(Int32)
        /// Ten seconds passed, or `isOver` returned true, before the helper accepted the request.
        case busy
        /// The connection ended or became silent before the last line of the answer.
        case cut
        /// The helper has refused the request.
        case fault(ResponseFault)
        /// The caller has ended the wait: `isOver` returned true.
        case stopped
    }

    /// The longest silence between two lines. It is long because an action may wait for the org's rate limit.
    package static let silence = Duration.seconds(300)
    private static let clock = ContinuousClock()

    private let path: String

    package init(socket path: String) { self.path = path }

    /// Sends a request and receives the lines of the answer.
    ///
    /// - Parameters:
    ///   - silence: the longest wait for a line.
    ///   - isOver: called several times a second; true ends the wait, but the helper continues with the request.
    ///   - onLine: called with each line before the final one.
    /// - Returns: the final line. If that line is an error, the method throws instead.
    @discardableResult
    package func ask(
        _ ask: ResponseAsk, silence: Duration = Self.silence, isOver: () -> Bool = { false },
        onLine: (ResponseAnswer) -> Void = { _ in }
    ) throws(Failure) -> ResponseAnswer {
        let deadline = Self.clock.now + .seconds(10)
        while true {
            let answer = try attempt(ask, silence, isOver, onLine)
            guard case .error(let fault) = answer else { return answer }
            // With `busy` and `stopping`, the helper has not begun the request, so the request can be sent again.
            guard fault.code == .busy || fault.code == .stopping else { throw .fault(fault) }
            guard Self.clock.now < deadline, !isOver() else { throw .busy }
            poll(nil, 0, 200)
        }
    }

    private func attempt(
        _ ask: ResponseAsk, _ silence: Duration, _ isOver: () -> Bool, _ onLine: (ResponseAnswer) -> Void
    ) throws(Failure) -> ResponseAnswer {
        var lines = SocketLines(try connect())
        // A failure to send is ignored. The helper may have refused the connection and closed it, but its refusal can still be read.
        _ = lines.send(ResponseWire.line(ask), within: .seconds(10))
        while true {
            switch lines.next(limit: ResponseAnswer.lineLimit, within: silence, isOver: isOver) {
            case .line(let line):
                guard let answer = ResponseWire.read(ResponseAnswer.self, line) else { throw .cut }
                if answer.isFinal { return answer }
                onLine(answer)
            case .end, .tooLong, .late: throw .cut
            case .stopped: throw .stopped
            }
        }
    }

    private func connect() throws(Failure) -> Int32 {
        do throws(UnixSocket.Failure) {
            return try UnixSocket.connect(path, seconds: 10)
        } catch {
            switch error.code {
            case ENOENT, ECONNREFUSED, ENOTSOCK: throw .notRunning(error.code)
            case EACCES, EPERM: throw .noPermission
            case EAGAIN: throw .busy
            default: throw .unreachable(error.code)
            }
        }
    }
}

import Glibc
import Logging
import Synchronization
import Systemd

/// The helper's Unix socket: one request per connection, each connection on its own thread, a few at a time.
package final class ResponseServer: Sendable {
    /// Limits of the resources that clients can use.
    struct Limits: Sendable {
        /// The maximum number of connections at the same time.
        var connections = 32
        /// The maximum number of connections of one user at the same time.
        var connectionsOfAUser = 8
        /// The time limit for receiving the request's line.
        var requestTime = Duration.seconds(5)
        /// The time limit for sending each line of the answer.
        var answerTime = Duration.seconds(5)
        /// How long current requests may take after ``ResponseServer/stop()``.
        var windDown = Duration.seconds(25)
    }

    /// What the server needs to answer requests.
    package struct Subject: Sendable {
        var engine: any Responding
        /// The path of the collector's ``CommittedActions``.
        var actionsFile: String

        package init(engine: any Responding, actionsFile: String) {
            self.engine = engine
            self.actionsFile = actionsFile
        }
    }

    /// Why the server can't listen.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What ``run(_:)`` should do.
    private enum Order: Int, AtomicRepresentable {
        case serve, pause, stop
    }

    private struct Connections {
        var count = 0
        var ofUser: [uid_t: Int] = [:]
        /// The number of running tasks that have no connection.
        var others = 0
    }

    private let listener: Int32
    /// The path of the socket, if this process has made it. The socket is then removed at the end. Nil if the service manager passed the socket.
    private let path: String?
    private let limits: Limits
    private let logger: Logger
    private let heartbeat: Heartbeat?
    private let connections = Mutex(Connections())
    private let order = Atomic<Order>(.serve)

    /// Uses the socket that the service manager passes. If it passes no socket, listens on a socket at `path`.
    ///
    /// - Parameter heartbeat: the heartbeat of the loop that accepts connections. It beats at least once a second.
    package convenience init(path: String, heartbeat: Heartbeat?, logger: Logger) throws(Failure) {
        let inherited: Int32?
        do throws(ListeningSocket.Failure) {
            inherited = try ListeningSocket.inherited()
        } catch {
            throw Failure(description: error.description)
        }
        if let inherited {
            self.init(listener: inherited, path: nil, limits: Limits(), heartbeat: heartbeat, logger: logger)
        } else {
            try self.init(path: path, limits: Limits(), heartbeat: heartbeat, logger: logger)
        }
    }

    convenience init(path: String, limits: Limits, heartbeat: Heartbeat?, logger: Logger) throws(Failure) {
        do throws(UnixSocket.Failure) {
            let listener = try UnixSocket.listen(path)
            self.init(listener: listener, path: path, limits: limits, heartbeat: heartbeat, logger: logger)
        } catch {
            throw Failure(description: "cannot listen on \(path): \(error.words)")
        }
    }

    private init(listener: Int32, path: String?, limits: Limits, heartbeat: Heartbeat?, logger: Logger) {
        self.listener = listener
        self.path = path
        self.limits = limits
        self.heartbeat = heartbeat
        self.logger = logger
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(listener)
    }

    /// Stops the server permanently. ``run(_:)`` returns after the current requests have ended, or after ``Limits/windDown``.
    package func stop() { order.store(.stop, ordering: .releasing) }

    /// Pauses the server. ``run(_:)`` returns after the current requests have ended, and can then be called again. Until then, clients that connect
    /// wait in the socket's backlog.
    package func pause() {
        _ = order.compareExchange(expected: .serve, desired: .pause, ordering: .acquiringAndReleasing)
    }

    var isServing: Bool { order.load(ordering: .acquiring) == .serve }

    /// Notes that work without a connection begins. ``run(_:)`` waits until this work ends, as it waits for requests.
    package func beginWork() { connections.withLock { $0.others += 1 } }
    package func endWork() { connections.withLock { $0.others -= 1 } }

    /// Serves until ``pause()`` or ``stop()``.
    ///
    /// - Returns: true if the server was paused; false if it was stopped, or if no thread could be started.
    package func run(_ subject: Subject) async -> Bool {
        await withCheckedContinuation { continuation in
            let status = DetachedThread.start {
                self.serve(subject)
                continuation.resume()
            }
            if status != 0 {
                logger.critical("cannot start a thread for the socket: \(String(cString: strerror(status)))")
                continuation.resume()
            }
        }
        return order.compareExchange(expected: .pause, desired: .serve, ordering: .acquiringAndReleasing).exchanged
    }

    /// While connections can't be accepted, this is logged at most once in this time.
    private static let warningInterval = Duration.seconds(600)

    private func serve(_ subject: Subject) {
        var warnedAt: ContinuousClock.Instant?
        while isServing {
            heartbeat?.beat()
            var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 250) > 0 else { continue }
            let connection = accept(listener, nil, nil)
            if connection >= 0 {
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                take(connection, subject)
            } else if ![EAGAIN, EINTR, ECONNABORTED].contains(errno) {
                let error = errno
                if warnedAt.map({ .now - $0 >= Self.warningInterval }) ?? true {
                    logger.warning("cannot accept a connection: \(String(cString: strerror(error)))")
                    warnedAt = .now
                }
                // Usually, accept(2) fails because no descriptors are free. Some become free when connections end, so the next attempt is delayed.
                poll(nil, 0, 250)
            }
        }
        // The socket's path is removed, so that new clients get an error at once instead of waiting.
        if order.load(ordering: .acquiring) == .stop, let path { unlink(path) }
        let clock = ContinuousClock()
        // A pause waits for all requests, however long they take; a stop has a deadline.
        var deadline: ContinuousClock.Instant?
        while connections.withLock({ $0.count + $0.others }) > 0 {
            if order.load(ordering: .acquiring) == .stop {
                deadline = deadline ?? clock.now + limits.windDown
                if let deadline, clock.now >= deadline { break }
            }
            heartbeat?.beat()
            poll(nil, 0, 50)
        }
    }

    private func take(_ connection: Int32, _ subject: Subject) {
        guard let peer = ResponsePeer(socket: connection) else {
            close(connection)
            return
        }
        guard peer.isAllowed(socketGroup: UnixSocket.group(of: listener)) else {
            logger.warning(
                "refused a connection of uid \(peer.uid): the user is not root and not a member of the socket's group")
            return refuse(connection, ResponseFault(.notAllowed, "this user is not a member of the socket's group"))
        }
        guard admit(peer.uid) else {
            return refuse(
                connection,
                ResponseFault(.busy, "the maximum number of requests is in progress; try again in a moment"))
        }
        let status = DetachedThread.start {
            ResponseConnection(connection, peer: peer, subject: subject, limits: self.limits) { !self.isServing }
                .serve()
            self.leave(peer.uid)
        }
        guard status != 0 else { return }
        leave(peer.uid)
        refuse(connection, ResponseFault(.busy, "cannot start a thread: \(String(cString: strerror(status)))"))
    }

    private func refuse(_ connection: Int32, _ fault: ResponseFault) {
        let lines = SocketLines(connection)
        _ = lines.send(ResponseWire.line(ResponseAnswer.error(fault)), within: .zero)
    }

    private func admit(_ uid: uid_t) -> Bool {
        connections.withLock { connections in
            let own = connections.ofUser[uid, default: 0]
            guard connections.count < limits.connections, own < limits.connectionsOfAUser else { return false }
            connections.count += 1
            connections.ofUser[uid] = own + 1
            return true
        }
    }

    private func leave(_ uid: uid_t) {
        connections.withLock { connections in
            connections.count -= 1
            let own = connections.ofUser[uid, default: 1] - 1
            connections.ofUser[uid] = own > 0 ? own : nil
        }
    }
}

import Glibc
import Logging
import Synchronization
import Systemd

/// The helper's Unix socket: one request a connection, each connection on a thread of its own, few at a time.
package final class ResponseServer: Sendable {
    /// What clients can take.
    struct Limits: Sendable {
        /// At once.
        var connections = 32
        /// Of these, of one user.
        var connectionsOfAUser = 8
        /// For the request's line.
        var requestTime = Duration.seconds(5)
        /// For each line of the answer.
        var answerTime = Duration.seconds(5)
        /// How long requests under way may take to their end after ``ResponseServer/stop()``.
        var windDown = Duration.seconds(25)
    }

    /// What answers the requests.
    package struct Subject: Sendable {
        var engine: any Responding
        /// The collector's ``CommittedActions``.
        var actionsFile: String

        package init(engine: any Responding, actionsFile: String) {
            self.engine = engine
            self.actionsFile = actionsFile
        }
    }

    /// Why it does not listen.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What ``run(_:)`` is to do.
    private enum Order: Int, AtomicRepresentable {
        case serve, pause, stop
    }

    private struct Connections {
        var count = 0
        var ofUser: [uid_t: Int] = [:]
        /// Work that no connection waits for.
        var others = 0
    }

    private let listener: Int32
    /// Of a socket that it has made itself, which is removed at the end.
    private let path: String?
    private let limits: Limits
    private let logger: Logger
    private let heartbeat: Heartbeat?
    private let connections = Mutex(Connections())
    private let order = Atomic<Order>(.serve)

    /// Takes the socket of the service manager, and where there is none listens on one of its own.
    ///
    /// - Parameter heartbeat: the loop that accepts connections beats once a second at least.
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
            throw Failure(description: "can't listen on \(path): \(error.words)")
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

    /// Has ``run(_:)`` return when the requests under way have ended; for good.
    package func stop() { order.store(.stop, ordering: .releasing) }

    /// The same for now: those who connect meanwhile wait in the socket's backlog.
    package func pause() {
        _ = order.compareExchange(expected: .serve, desired: .pause, ordering: .acquiringAndReleasing)
    }

    var isServing: Bool { order.load(ordering: .acquiring) == .serve }

    /// Work that ``run(_:)`` waits for as it does for requests, though no connection does.
    package func beginWork() { connections.withLock { $0.others += 1 } }
    package func endWork() { connections.withLock { $0.others -= 1 } }

    /// Serves until ``pause()`` or ``stop()``.
    ///
    /// - Returns: whether it was paused, and not stopped.
    package func run(_ subject: Subject) async -> Bool {
        await withCheckedContinuation { continuation in
            let status = DetachedThread.start {
                self.serve(subject)
                continuation.resume()
            }
            if status != 0 {
                logger.critical("no thread for the socket: \(String(cString: strerror(status)))")
                continuation.resume()
            }
        }
        return order.compareExchange(expected: .pause, desired: .serve, ordering: .acquiringAndReleasing).exchanged
    }

    private func serve(_ subject: Subject) {
        while isServing {
            heartbeat?.beat()
            var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 250) > 0 else { continue }
            let connection = accept(listener, nil, nil)
            if connection >= 0 {
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                take(connection, subject)
            } else if ![EAGAIN, EINTR, ECONNABORTED].contains(errno) {
                logger.warning("a connection can't be accepted: \(String(cString: strerror(errno)))")
                // No descriptors, for example: they come back as connections end.
                poll(nil, 0, 250)
            }
        }
        // Those who come now are told at once that nobody serves.
        if order.load(ordering: .acquiring) == .stop, let path { unlink(path) }
        let clock = ContinuousClock()
        // A pause has no end in time: nothing makes the helper cut a call short. A stop has.
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
                "refused a connection of uid \(peer.uid): it is not root and not a member of the socket's group")
            return refuse(connection, ResponseFault(.notAllowed, "this user is not a member of the socket's group"))
        }
        guard admit(peer.uid) else {
            return refuse(
                connection,
                ResponseFault(.busy, "as many requests as may be are under way; try again in a moment"))
        }
        let status = DetachedThread.start {
            ResponseConnection(connection, peer: peer, subject: subject, limits: self.limits) { !self.isServing }
                .serve()
            self.leave(peer.uid)
        }
        guard status != 0 else { return }
        leave(peer.uid)
        refuse(connection, ResponseFault(.busy, "no thread: \(String(cString: strerror(status)))"))
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

import Glibc

/// Lines to and from a connected socket, each with a time limit.
struct SocketLines: ~Copyable {
    enum Incoming: Equatable {
        case line([UInt8])
        /// The other end has closed the connection. Bytes after the last newline are dropped.
        case end
        case tooLong
        case late
        /// The caller has ended the wait: `isOver` returned true.
        case stopped
    }

    /// The interval between two calls of `isOver`.
    private static let slice: Duration = .milliseconds(200)
    private static let clock = ContinuousClock()

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// Takes ownership of the descriptor and closes it at the end.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// Reads the next line. The result does not include the newline.
    ///
    /// - Parameters:
    ///   - limit: the largest size of the line in bytes, including the newline.
    ///   - time: the time limit for the whole line.
    mutating func next(limit: Int, within time: Duration, isOver: () -> Bool = { false }) -> Incoming {
        let deadline = Self.clock.now + time
        var searched = 0
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                guard end < limit else { return .tooLong }
                let line = Array(buffer[..<end])
                buffer.removeFirst(end + 1)
                return .line(line)
            }
            guard buffer.count < limit else { return .tooLong }
            searched = buffer.count
            if isOver() { return .stopped }
            let rest = deadline - Self.clock.now
            guard rest > .zero else { return .late }
            guard wait(POLLIN, min(rest, Self.slice)) else { continue }
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return .end }
            buffer += chunk[..<count]
        }
    }

    /// - Returns: whether all bytes were sent in time. After a failure, the connection can't be used any more.
    func send(_ bytes: [UInt8], within time: Duration) -> Bool {
        let deadline = Self.clock.now + time
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
                continue
            }
            guard count < 0, errno == EINTR || errno == EAGAIN else { return false }
            let left = deadline - Self.clock.now
            guard left > .zero else { return false }
            _ = wait(POLLOUT, left)
        }
        return true
    }

    /// Waits until the other end has closed the connection in both directions (POLLHUP of poll(2)), but no longer than `time`. Returns whether the
    /// other end has closed it.
    func isGone(after time: Duration) -> Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&entry, 1, Self.milliseconds(time)) > 0
    }

    private func wait(_ events: Int32, _ time: Duration) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&entry, 1, Self.milliseconds(time)) > 0
    }

    private static func milliseconds(_ time: Duration) -> Int32 { Int32(clamping: Int64(time / .milliseconds(1)) + 1) }
}

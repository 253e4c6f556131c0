import CCurl
import Glibc

/// The sockets and the timer of one multi handle, watched with epoll(7). The cost of a wake-up depends on the number of sockets that are ready, and
/// not on the number of waiting transfers or idle connections.
///
/// `@unchecked Sendable`: used by the loop's thread alone, except for ``wake()``. libcurl has a pointer to this object, so the object must outlive
/// the multi handle.
final class SocketWatch: @unchecked Sendable {
    private let epoll: Int32
    private let bell: Int32
    /// When libcurl must be called because its timer is due; nil if no timer is set.
    private var deadline: ContinuousClock.Instant?
    private var events = [epoll_event](repeating: epoll_event(), count: 64)

    /// - Throws: ``TransportError`` of kind `invalidRequest` if epoll can't be set up, for example for lack of file descriptors.
    init(_ multi: UnsafeMutableRawPointer) throws(TransportError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard epoll >= 0, bell >= 0, watch(bell, EPOLLIN.rawValue) else {
            throw TransportError(
                .invalidRequest, host: "any host", detail: "epoll can't be set up: \(String(cString: strerror(errno)))")
        }
        let code = ccurl_multi_set_watch(
            multi,
            { _, socket, what, context, _ in
                guard let context else { return 0 }
                Unmanaged<SocketWatch>.fromOpaque(context).takeUnretainedValue().change(socket, what)
                return 0
            },
            { _, milliseconds, context in
                guard let context else { return 0 }
                let watch = Unmanaged<SocketWatch>.fromOpaque(context).takeUnretainedValue()
                watch.deadline = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
                return 0
            }, Unmanaged.passUnretained(self).toOpaque())
        guard code == CURLM_OK else {
            throw TransportError(.invalidRequest, host: "any host", detail: "libcurl refused an option")
        }
    }

    deinit {
        if epoll >= 0 { close(epoll) }
        if bell >= 0 { close(bell) }
    }

    /// Ends the ``wait(atMost:_:)`` that is in progress, or else the next one. May be called from any thread.
    func wake() { eventfd_write(bell, 1) }

    /// Waits until a socket is ready, the timer is due, ``wake()`` is called, or `limit` has passed. `act` is called for each ready socket, and with
    /// `CURL_SOCKET_TIMEOUT` when the timer is due.
    func wait(atMost limit: Duration, _ act: (Int32) -> Void) {
        let left = deadline.map { max(.zero, min(limit, $0 - .now)) } ?? limit
        // Rounded up: libcurl does nothing when it is called too early.
        let milliseconds = Int32(left.wholeMilliseconds) + (left > .milliseconds(left.wholeMilliseconds) ? 1 : 0)
        let count = epoll_wait(epoll, &events, Int32(events.count), milliseconds)
        for index in 0..<max(0, Int(count)) {
            let socket = events[index].data.fd
            if socket == bell {
                var rings: eventfd_t = 0
                eventfd_read(bell, &rings)
            } else {
                act(socket)
            }
        }
        if let deadline, deadline <= .now {
            // The timer is cleared here. libcurl sets it again if necessary.
            self.deadline = nil
            act(ccurl_socket_timeout)
        }
    }

    /// Watches a socket, or stops watching it. If the kernel has no memory to watch a socket, its transfer ends when the transfer's time limit is
    /// over.
    private func change(_ socket: Int32, _ what: Int32) {
        guard what != CURL_POLL_REMOVE else {
            // This call fails if the socket has been closed, because closing a socket also removes it from the epoll set.
            _ = epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
            return
        }
        var mask: UInt32 = 0
        if what == CURL_POLL_IN || what == CURL_POLL_INOUT { mask |= EPOLLIN.rawValue }
        if what == CURL_POLL_OUT || what == CURL_POLL_INOUT { mask |= EPOLLOUT.rawValue }
        _ = watch(socket, mask)
    }

    private func watch(_ socket: Int32, _ mask: UInt32) -> Bool {
        var event = epoll_event()
        event.events = mask
        event.data.fd = socket
        return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0
            || (errno == EEXIST && epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) == 0)
    }
}

import CCurl
import Glibc
import Synchronization

/// The only thread that calls libcurl, and the inbox through which other threads give it work.
///
/// Ownership: only this thread uses the multi handle and the easy handles. Other threads put transfers into the inbox and wake this thread. A
/// transfer's continuation is resumed exactly once. Normally this thread resumes it, when the transfer ends. If the loop is stopping and does not
/// accept the transfer, ``submit(_:_:)`` resumes it.
final class CurlLoop: Sendable {
    typealias Answer = CheckedContinuation<Result<HTTPResponse, TransportError>, Never>

    private enum Phase {
        case running
        case stopping
        case stopped
    }

    private struct Inbox {
        var starting: [CurlTransfer] = []
        var cancelled: [CurlTransfer] = []
        /// Transfers that waited for memory, and for which there is memory now.
        var admitted: Set<UInt64> = []
        var budget: BodyBudget
        var lastID: UInt64 = 0
        /// Whether the thread has been woken, but has not yet read the inbox.
        var isWoken = false
        var phase = Phase.running
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Only the loop's thread uses the handle.
    private struct MultiHandle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private let inbox: Mutex<Inbox>
    private let multi: MultiHandle
    private let watch: SocketWatch

    /// Whether libcurl is initialized. curl_global_init(3) must be called once in a process, before any other function.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(_ options: CurlTransport.Options) throws(TransportError) {
        guard Self.isLibraryReady, let pointer = curl_multi_init() else {
            throw TransportError(.invalidRequest, host: "any host", detail: "libcurl can't be initialized")
        }
        multi = MultiHandle(pointer: pointer)
        do throws(TransportError) {
            watch = try SocketWatch(pointer)
        } catch {
            curl_multi_cleanup(pointer)
            throw error
        }
        inbox = Mutex(Inbox(budget: BodyBudget(limit: options.maximumBodyBytes)))
        _ = ccurl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, options.maximumIdleConnections)
        _ = ccurl_multi_set_long(pointer, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.maximumConnections)
        try startThread()
    }

    /// Gives a transfer to the loop. The loop resumes `continuation` when the transfer ends. If the loop is stopping or has stopped, this function
    /// resumes `continuation` immediately, with the error `shutDown`.
    func submit(_ transfer: CurlTransfer, _ continuation: Answer) {
        let accepted = inbox.withLock { inbox in
            guard inbox.phase == .running else { return false }
            inbox.lastID += 1
            transfer.id = inbox.lastID
            transfer.loop = self
            transfer.continuation = continuation
            inbox.starting.append(transfer)
            wake(&inbox)
            return true
        }
        if !accepted {
            continuation.resume(returning: .failure(TransportError(.shutDown, host: transfer.host, detail: "")))
        }
    }

    /// Ends a transfer that is still running. May be called before ``submit(_:_:)``; the transfer then never starts.
    func cancel(_ transfer: CurlTransfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        inbox.withLock { inbox in
            guard inbox.phase == .running else { return }
            inbox.cancelled.append(transfer)
            wake(&inbox)
        }
    }

    /// Ends all transfers. `continuation` is resumed when the thread no longer uses libcurl.
    func stop(_ continuation: CheckedContinuation<Void, Never>?) {
        let isOver = inbox.withLock { inbox in
            if inbox.phase == .stopped { return true }
            if let continuation { inbox.stopWaiters.append(continuation) }
            inbox.phase = .stopping
            wake(&inbox)
            return false
        }
        if isOver { continuation?.resume() }
    }

    /// Requests memory for the body of a transfer. Returns false if the transfer has to wait. Only the loop's thread calls this function.
    func enterBudget(_ id: UInt64, bytes: Int) -> Bool {
        inbox.withLock { $0.budget.enter(id, bytes: bytes) }
    }

    /// Sets the allowance of a body to `bytes`, the memory that the body actually uses.
    func resizeInBudget(_ id: UInt64, to bytes: Int) {
        inbox.withLock { inbox in goOn(inbox.budget.resize(id, to: bytes), &inbox) }
    }

    /// Returns the memory of a body to the budget. If the transfer is still waiting for memory, removes it from the queue.
    func leaveBudget(_ id: UInt64) {
        inbox.withLock { inbox in goOn(inbox.budget.leave(id), &inbox) }
    }

    private func goOn(_ admitted: [UInt64], _ inbox: inout Inbox) {
        guard !admitted.isEmpty, inbox.phase == .running else { return }
        inbox.admitted.formUnion(admitted)
        wake(&inbox)
    }

    private func wake(_ inbox: inout Inbox) {
        guard !inbox.isWoken else { return }
        inbox.isWoken = true
        watch.wake()
    }

    private func startThread() throws(TransportError) {
        let box = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { box in
                guard let box else { return nil }
                let loop = Unmanaged<CurlLoop>.fromOpaque(box).takeRetainedValue()
                // Blocks all signals on this thread; other threads handle them. SIGPIPE must be blocked here, because with CURLOPT_NOSIGNAL libcurl
                // does not block it. Otherwise a TLS write to a closed connection would end the process.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                ccurl_name_thread("tributary-http")
                loop.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            curl_multi_cleanup(multi.pointer)
            throw TransportError(
                .invalidRequest, host: "any host", detail: "can't start a thread: \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }

    /// The longest time that the thread sleeps while transfers are running. It wakes up earlier when libcurl's timer is due.
    private static let busySleep = Duration.seconds(10)
    /// The longest time that the thread sleeps while no transfer is running.
    private static let idleSleep = Duration.seconds(600)
    /// The shortest time between two checks whether a transfer has waited too long for memory.
    private static let roomCheck = Duration.seconds(1)
    /// The maximum number of unused easy handles that are kept for later transfers. Reusing a handle saves allocations, but each handle has a buffer.
    private static let keptHandles = 32

    private func run() {
        var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]
        var kept: [UnsafeMutableRawPointer] = []
        var nextRoomCheck = ContinuousClock.now
        while true {
            let (starting, cancelled, admitted, phase) = inbox.withLock { inbox in
                let taken = (inbox.starting, inbox.cancelled, inbox.admitted, inbox.phase)
                inbox.starting = []
                inbox.cancelled = []
                inbox.admitted = []
                inbox.isWoken = false
                return taken
            }
            for transfer in starting { start(transfer, &active, &kept) }
            for transfer in cancelled {
                if let easy = transfer.easy, active[easy] != nil { finish(easy, .cancelled, &active, &kept) }
            }
            if !admitted.isEmpty {
                for transfer in active.values where admitted.contains(transfer.id) { transfer.goOn() }
            }
            guard phase == .running else { break }

            watch.wait(atMost: active.isEmpty ? Self.idleSleep : Self.busySleep) { socket in
                var running: Int32 = 0
                // With the event mask 0, libcurl itself checks whether the socket can be read or written.
                if curl_multi_socket_action(multi.pointer, socket, 0, &running) != CURLM_OK {
                    for easy in active.keys { finish(easy, .failed(CURLE_OUT_OF_MEMORY), &active, &kept) }
                }
            }
            var code = CURLE_OK
            while let easy = ccurl_multi_next_done(multi.pointer, &code) { finish(easy, .failed(code), &active, &kept) }

            let now = ContinuousClock.now
            guard now >= nextRoomCheck else { continue }
            nextRoomCheck = now + Self.roomCheck
            for (easy, transfer) in active where transfer.hasWaitedTooLong(at: now) {
                finish(easy, .failed(CURLE_OPERATION_TIMEDOUT), &active, &kept)
            }
        }
        for easy in active.keys { finish(easy, .shutDown, &active, &kept) }
        for easy in kept { curl_easy_cleanup(easy) }
        let waiters = inbox.withLock { inbox in
            inbox.phase = .stopped
            let waiters = inbox.stopWaiters
            inbox.stopWaiters = []
            curl_multi_cleanup(multi.pointer)
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func start(
        _ transfer: CurlTransfer, _ active: inout [UnsafeMutableRawPointer: CurlTransfer],
        _ kept: inout [UnsafeMutableRawPointer]
    ) {
        if transfer.isCancelled.load(ordering: .acquiring) {
            transfer.resume(.failure(TransportError(.cancelled, host: transfer.host, detail: "")))
            return
        }
        guard let easy = transfer.prepare(kept.popLast() ?? curl_easy_init()) else {
            transfer.resume(
                .failure(TransportError(.invalidRequest, host: transfer.host, detail: "libcurl rejected an option")))
            return
        }
        guard curl_multi_add_handle(multi.pointer, easy) == CURLM_OK else {
            transfer.release()
            transfer.resume(
                .failure(TransportError(.connect, host: transfer.host, detail: "libcurl could not start the transfer")))
            return
        }
        active[easy] = transfer
    }

    private func finish(
        _ easy: UnsafeMutableRawPointer, _ end: CurlTransfer.End,
        _ active: inout [UnsafeMutableRawPointer: CurlTransfer], _ kept: inout [UnsafeMutableRawPointer]
    ) {
        guard let transfer = active.removeValue(forKey: easy) else { return }
        let result = transfer.result(end)
        curl_multi_remove_handle(multi.pointer, easy)
        if kept.count < Self.keptHandles, let easy = transfer.takeHandle() {
            // The reset removes all options, including secrets. Connections stay open, because they belong to the multi handle.
            curl_easy_reset(easy)
            kept.append(easy)
        }
        transfer.release()
        transfer.resume(result)
    }
}

import CommandHints
import Delivery
import FoundationEssentials
import Logging
import Spool
import Synchronization
import Systemd
import Time

/// The bucket of a fleet as the source of a delivery. The seals list the segments; `_tributary/acks/NAME.json` records what is delivered.
///
/// A seal is read only after a listing of the staged objects has shown that the seal may exist. For up to 500 integrations, the listing costs one
/// request every few seconds, even if there is no new seal. If another process has acknowledged meanwhile, the delivery waits for its turn and starts
/// again from the new acknowledgement.
package final class FleetSource: SegmentSource {
    /// The interval between two listings of staged objects, and between two checks while the delivery waits for its turn.
    static let checkInterval = Duration.seconds(5)
    /// The shortest interval between two acknowledgements.
    static let acknowledgementInterval = Duration.seconds(1)
    /// How often the delivery checks whether something is due.
    static let step = Duration.milliseconds(100)
    /// The time limit for the last acknowledgement. After SIGTERM, the end of the running transfers and this acknowledgement must together fit into
    /// ``Delivery/DeliveryDaemon/stopWithin``.
    static let closing = Duration.seconds(8)

    private struct State {
        /// The segments to deliver; nil until it is this delivery's turn.
        var queue: FleetQueue?
        var hasBegun = false
        var holder: String?
        var trouble: DeliveryTrouble?
        /// The number of the last segment that the delivery wants to acknowledge.
        var wanted: Int64 = 0
        /// The number of the last segment whose acknowledgement is stored.
        var durable: Int64 = 0
        /// The number of seals that may exist but are not read yet, for the lag.
        var unread = 0
    }

    /// State that only ``run()`` and ``close()`` use, never at the same time.
    private struct Own {
        var turn: DeliveryTurn
        var etag = ""
        var staged: [String: UInt64] = [:]
        /// Whether there may be seals that are not read yet.
        var mayRead = false
        /// Integrations that have no further seal to read, at least until the next listing.
        var idle: Set<String> = []
        /// Integrations whose acknowledged position has zero `segments`, such as all integrations of a new loader. Deleted segments of these
        /// integrations are skipped, up to and including the first seal of which any segment exists.
        var fresh: Set<String> = []
        var nextCheck = ContinuousClock.now
        var writtenAt = ContinuousClock.now
        /// The integration whose seal was read last. Reading continues with the next name, so that integrations take turns.
        var lastRead = ""
        var isOver = false
    }

    private let list: SealList
    private let loader: String
    private let runID: String
    private let cache: SegmentCache
    private let logger: Logger
    private let restart: @Sendable () -> Void
    private let state = Mutex(State())
    private let own: Mutex<Own>

    /// - Parameters:
    ///   - loader: the destination's name.
    ///   - temporary: a directory for the files of segments that are being delivered.
    ///   - restart: called once when another process has acknowledged. After that, this source can't be used any more.
    package init(
        _ list: SealList, loader: String, temporary: String, logger: Logger,
        restart: @escaping @Sendable () -> Void
    ) throws(DeliveryTrouble) {
        self.list = list
        self.loader = loader
        self.logger = logger
        self.restart = restart
        runID = UUID().uuidString.filter { $0 != "-" }.lowercased()
        cache = try SegmentCache(list.log, name: loader, above: temporary)
        own = Mutex(Own(turn: DeliveryTurn(host: list.log.host, run: runID)))
    }

    package var place: String? { list.place }
    package var holder: String? { state.withLock { $0.holder } }
    package var lag: (segments: Int, bytes: Int64) {
        // Each seal that was not read counts as one segment.
        state.withLock { (($0.queue?.segments ?? 0) + $0.unread, $0.queue?.bytes ?? 0) }
    }

    package func refresh(missing: [DeliverySegment]) throws(DeliveryTrouble) -> Int64? {
        try state.withLock { state throws(DeliveryTrouble) in
            if let trouble = state.trouble { throw trouble }
            guard state.queue != nil, !state.hasBegun else { return nil }
            state.hasBegun = true
            return 0
        }
    }

    package func peek() throws(DeliveryTrouble) -> SourceSegment? { state.withLock { $0.queue?.peek() } }
    package func take() { state.withLock { $0.queue?.take() } }
    package func settle(bytes: Int64) { state.withLock { $0.queue?.settle(bytes: bytes) } }

    package func acknowledge(through number: Int64) -> Int64 {
        state.withLock { state in
            state.wanted = max(state.wanted, number)
            return state.durable
        }
    }

    package var acknowledgementRemedy: String {
        "Allow the access key of fleet.log to write \(FleetKey.acknowledgement(loader))"
    }

    package func skipping(_ segment: DeliverySegment) -> String {
        "`\(CommandHint.command("spool ack --bucket --loader \(loader) --through \(segment.position ?? "")"))`"
    }

    package func fetch(_ segment: DeliverySegment) async -> SegmentFetch {
        await cache.fetch(segment, skipping: skipping(segment))
    }

    package func release(_ segment: DeliverySegment) { cache.release(segment) }

    // MARK: Background work

    package func run() async {
        while !Task.isCancelled {
            do throws(S3Problem) {
                try await step()
                state.withLock { if $0.trouble != nil { $0.trouble = nil } }
            } catch {
                if error.isCancelled { return }
                state.withLock { $0.trouble = error.trouble }
                await pause(max(.seconds(2), min(error.retryAfter ?? .zero, .seconds(60))))
            }
            if own.withLock({ $0.isOver }) { return }
            await pause(Self.step)
        }
    }

    private func pause(_ duration: Duration) async {
        try? await Task.sleep(for: duration, clock: .continuous)
    }

    private func step() async throws(S3Problem) {
        guard state.withLock({ $0.queue != nil }) else {
            try await takeTurn()
            if state.withLock({ $0.queue == nil }) { await pause(Self.checkInterval) }
            return
        }
        try await acknowledgeIfDue()
        guard !own.withLock({ $0.isOver }) else { return }
        try await checkIfDue()
        try await fill()
    }

    /// Checks whether it is this delivery's turn. If so, claims the turn, and begins after the acknowledged positions.
    private func takeTurn() async throws(S3Problem) {
        try await list.check()
        let found = try await list.acknowledgement(of: loader)
        let decision = own.withLock { $0.turn.decide(found, now: .now) }
        var acknowledgement: LoaderAcknowledgement
        var replaced: String?
        switch decision {
        case .wait(let host):
            let isNew = state.withLock { state in
                defer { state.holder = host }
                return state.holder != host
            }
            if isNew {
                logger.notice(
                    "\(host) delivers to \(loader); this host waits, and takes over when that host stops or has not acknowledged for a minute"
                )
            }
            return
        case .claim(let known, let etag):
            acknowledgement = known
            replaced = etag
        case .register:
            // A new loader begins with the oldest seals that are kept.
            acknowledgement = LoaderAcknowledgement(loader: loader, acknowledgedAt: "", integrations: [:])
            for (name, oldest) in try await list.integrations() {
                acknowledgement.integrations[name] = SealPosition(generation: oldest, segments: 0)
            }
        }
        sign(&acknowledgement)
        guard let etag = try await write(acknowledgement, replacing: replaced) else { return }
        let fresh = acknowledgement.integrations.filter { $0.value.segments == 0 }.keys
        own.withLock { own in
            own.etag = etag
            own.fresh = Set(fresh)
            own.writtenAt = .now
            own.nextCheck = .now
        }
        state.withLock { state in
            state.holder = nil
            state.queue = FleetQueue(acknowledged: acknowledgement.integrations)
        }
    }

    private func sign(_ acknowledgement: inout LoaderAcknowledgement) {
        acknowledgement.host = list.log.host
        acknowledgement.run = runID
        acknowledgement.acknowledgedAt = CivilTime(milliseconds: UTCTime.now().milliseconds).rfc3339
    }

    /// Replaces the acknowledgement that has the given tag. Returns the tag of the written object; nil if another process wrote first.
    private func write(
        _ acknowledgement: LoaderAcknowledgement, replacing etag: String?
    ) async throws(S3Problem) -> String? {
        if let new = try await list.write(acknowledgement, replacing: etag) { return new }
        // An earlier attempt whose answer was lost may have written the acknowledgement.
        guard let (found, etag) = try await list.acknowledgement(of: loader), found.run == runID else { return nil }
        return found == acknowledgement ? etag : try await list.write(acknowledgement, replacing: etag)
    }

    private var isAcknowledgementDue: Bool {
        let isWanted = state.withLock { $0.wanted > $0.durable }
        let since = own.withLock { ContinuousClock.now - $0.writtenAt }
        return since >= (isWanted ? Self.acknowledgementInterval : DeliveryTurn.renewal)
    }

    private func acknowledgeIfDue() async throws(S3Problem) {
        guard isAcknowledgementDue else { return }
        let (wanted, positions) = state.withLock { state in
            let wanted = state.wanted > state.durable ? state.wanted : nil
            return (wanted, state.queue?.positions(through: wanted ?? 0) ?? [:])
        }
        var acknowledgement = LoaderAcknowledgement(
            loader: loader, acknowledgedAt: "", integrations: positions)
        sign(&acknowledgement)
        guard let etag = try await write(acknowledgement, replacing: own.withLock { $0.etag }) else {
            logger.notice(
                """
                another process has acknowledged for loader \(loader): this delivery starts again from that \
                acknowledgement
                """)
            own.withLock { $0.isOver = true }
            return restart()
        }
        own.withLock { own in
            own.etag = etag
            own.writtenAt = .now
        }
        guard let wanted else { return }
        state.withLock { state in
            state.queue?.acknowledge(through: wanted)
            state.durable = wanted
        }
    }

    private func checkIfDue() async throws(S3Problem) {
        guard own.withLock({ ContinuousClock.now >= $0.nextCheck }) else { return }
        let staged = try await list.staged()
        own.withLock { own in
            own.staged = staged
            own.mayRead = true
            own.idle = []
            own.nextCheck = ContinuousClock.now + Self.checkInterval
        }
        count()
    }

    private func count() {
        let (staged, idle) = own.withLock { ($0.staged, $0.idle) }
        state.withLock { state in
            let read = state.queue?.read ?? [:]
            state.unread = staged.reduce(0) { sum, entry in
                // The newest staged object may belong to a seal that is not decided. Once `fill()` has found no further seal that can be read, the
                // integration is idle and is not counted.
                idle.contains(entry.key)
                    ? sum : sum + Int(clamping: entry.value - min(entry.value, read[entry.key] ?? 1))
            }
        }
    }

    /// Reads seals while there is room in the queue. Seals of several integrations are read at the same time.
    private func fill() async throws(S3Problem) {
        while !Task.isCancelled, own.withLock({ $0.mayRead }),
            let read = state.withLock({ $0.queue?.isFull == false ? $0.queue?.read : nil })
        {
            let (staged, idle) = own.withLock { ($0.staged, $0.idle) }
            let due = staged.filter { $0.value > read[$0.key] ?? 1 && !idle.contains($0.key) }.keys.sorted()
            guard !due.isEmpty else { return own.withLock { $0.mayRead = false } }
            let last = own.withLock { $0.lastRead }
            let names = Array((due.filter { $0 > last } + due.filter { $0 <= last }).prefix(SealList.requests))
            own.withLock { $0.lastRead = names.last ?? "" }
            let seals = try await SealList.all(names, atOnce: SealList.requests) { (name) throws(S3Problem) in
                try await self.next(name, after: read[name] ?? 1, staged: staged[name] ?? 0)
            }
            for (name, found) in zip(names, seals) {
                guard let found else {
                    own.withLock { _ = $0.idle.insert(name) }
                    continue
                }
                state.withLock {
                    $0.queue?.add(found.seal, leavingOut: found.gone, directory: cache.directory)
                }
            }
            count()
            // Stops reading here, so that a long backlog does not delay acknowledgements.
            if isAcknowledgementDue { return }
        }
    }

    /// The next seal of an integration, if all of its segments are visible.
    private func next(
        _ integration: String, after generation: UInt64, staged: UInt64
    ) async throws(S3Problem) -> (seal: SealDecision, gone: Set<String>)? {
        guard let seal = try await list.seal(integration, generation + 1) else {
            // If the next seal that exists is a later one, this seal is missing. Otherwise it does not exist yet, or it was decided just now.
            guard let first = try await list.first(integration, after: generation), first > generation + 1 else {
                return nil
            }
            throw SealList.missing(integration, generation + 1, before: first, in: list.place) {
                "continue after the gap with `\(CommandHint.command("spool ack --bucket --loader \(loader) --through \($0)"))`"
            }
        }
        // If objects are staged for generation `seal.generation + 2`, the seal after this one is decided. Then all segments of this seal are visible,
        // and this need not be checked.
        if staged < seal.generation + 2, try await !list.isPublished(seal) { return nil }
        guard own.withLock({ $0.fresh.contains(integration) }), !seal.segments.isEmpty else { return (seal, []) }
        let listings = try await list.listings([seal], after: nil)
        let gone = listings.filter(\.isGone).map(\.segment.path)
        if gone.count < listings.count { own.withLock { _ = $0.fresh.remove(integration) } }
        if !gone.isEmpty {
            logger.notice(
                """
                skipped \(gone.count, "segment", "segments") of \(integration) that had been deleted before this delivery began
                """)
        }
        return (seal, Set(gone))
    }

    /// Writes the last acknowledgement without the id of a run, so that another host can take over at once.
    package func close() async -> Int64 {
        let (wanted, positions) = state.withLock { ($0.wanted, $0.queue?.positions(through: $0.wanted)) }
        let (isOver, etag) = own.withLock { ($0.isOver, $0.etag) }
        guard let positions, !isOver else { return state.withLock { $0.durable } }
        var acknowledgement = LoaderAcknowledgement(
            loader: loader, acknowledgedAt: "", integrations: positions)
        sign(&acknowledgement)
        acknowledgement.host = nil
        acknowledgement.run = nil
        // Writes in a separate task with a time limit, because the task that calls `close` may already be cancelled.
        let last = acknowledgement
        let writing = Task { try await write(last, replacing: etag) }
        let guardian = Task {
            try await Task.sleep(for: Self.closing, clock: .continuous)
            writing.cancel()
        }
        defer { guardian.cancel() }
        guard case .success(.some) = await writing.result else { return state.withLock { $0.durable } }
        return wanted
    }
}

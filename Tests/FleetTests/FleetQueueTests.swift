import Delivery
import Spool
import Testing

@testable import Fleet

@Suite("The queue of a delivery from a fleet's seals")
struct FleetQueueTests {
    static func seal(_ integration: String, _ generation: UInt64, segments: Int, kind: String = "records")
        -> SealDecision
    {
        var seal = SealDecision(generation: generation, of: integration)
        seal.segments = (0..<segments).map { index in
            SealedSegment(
                sequence: nil, path: "integration=\(integration)/\(generation)-\(index).ndjson",
                integration: integration,
                partition: [:], kind: kind, records: 1, bytes: 10, uncompressedBytes: 10, sha256: "", firstTime: 0,
                lastTime: 0, sealedAt: "", schema: "", format: 1)
        }
        return seal
    }

    private func positions(_ text: String) -> [String: SealPosition] { [String: SealPosition](positions: text) ?? [:] }

    private func drain(_ queue: inout FleetQueue) -> [String] {
        var found: [String] = []
        while let next = queue.peek() {
            found.append(next.segment.position ?? "")
            queue.take()
        }
        return found
    }

    @Test("an acknowledgement of the first n segments of the queue becomes a position for each integration")
    func acknowledged() {
        var queue = FleetQueue(acknowledged: positions("acme/3/1"))
        #expect(queue.read == ["acme": 2])
        queue.add(Self.seal("acme", 3, segments: 2), leavingOut: [], directory: "/cache")
        queue.add(Self.seal("globex", 2, segments: 2), leavingOut: [], directory: "/cache")
        queue.add(Self.seal("acme", 4, segments: 1), leavingOut: [], directory: "/cache")
        #expect(drain(&queue) == ["acme/3/2", "globex/2/1", "globex/2/2", "acme/4/1"])
        #expect(queue.read == ["acme": 4, "globex": 2])
        #expect(queue.positions(through: 0).text == "acme/3/1")
        #expect(queue.positions(through: 2).text == "acme/3/2,globex/2/1")
        queue.acknowledge(through: 3)
        #expect(queue.acknowledged.text == "acme/3/2,globex/2/2")
        #expect(queue.positions(through: 4).text == "acme/4/1,globex/2/2")
    }

    @Test("if a seal has no segments and only moves the cursor, the position still moves")
    func empty() {
        var queue = FleetQueue(acknowledged: positions("acme/3/1"))
        queue.add(Self.seal("acme", 4, segments: 0), leavingOut: [], directory: "/cache")
        #expect(queue.peek()?.isDelivered == false)
        #expect(queue.segments == 0)
        #expect(queue.positions(through: 1).text == "acme/4/0")
    }

    @Test("rejected events are not delivered, nor are segments that were deleted before the delivery began")
    func passed() {
        var queue = FleetQueue(acknowledged: [:])
        queue.add(Self.seal("acme", 2, segments: 1, kind: "rejected"), leavingOut: [], directory: "/cache")
        let old = Self.seal("acme", 3, segments: 2)
        queue.add(old, leavingOut: [old.segments[0].path], directory: "/cache")
        var delivered: [Bool] = []
        while let next = queue.peek() {
            delivered.append(next.isDelivered)
            queue.take()
        }
        #expect(delivered == [false, false, true])
        #expect((queue.segments, queue.bytes) == (1, 10))
    }

    @Test("the queue's memory is limited, however long the backlog is")
    func bounded() {
        var queue = FleetQueue(acknowledged: [:])
        var generation: UInt64 = 2
        while !queue.isFull {
            queue.add(Self.seal("acme", generation, segments: 8), leavingOut: [], directory: "/cache")
            generation += 1
        }
        #expect(generation == 2 + UInt64(FleetQueue.limit / 8))
        for _ in 0..<100 { queue.take() }
        #expect(!queue.isFull)
    }

    @Test("an impossible position in an acknowledgement causes no crash")
    func implausible() {
        #expect(FleetQueue(acknowledged: ["acme": .init(generation: 0, segments: 0)]).read == ["acme": 0])
    }
}

extension SealDecision {
    fileprivate init(generation: UInt64, of integration: String) {
        self.init(
            format: 1, integration: integration, generation: generation, commit: "", cursor: "", sealedAt: "",
            host: "host-1", token: 1, windows: Object(key: "", bytes: 0, sha256: ""), bundle: nil, segments: [])
    }
}

@Suite("Which host of a fleet delivers")
struct DeliveryTurnTests {
    private let start = ContinuousClock.now
    private func acknowledgement(host: String?, run: String?) -> LoaderAcknowledgement {
        var acknowledgement = LoaderAcknowledgement(loader: "lake", acknowledgedAt: "", integrations: [:])
        acknowledgement.host = host
        acknowledgement.run = run
        return acknowledgement
    }

    @Test(
        "if there is no acknowledgement, a host creates one; if the acknowledgement names no host, the host takes over")
    func free() {
        var turn = DeliveryTurn(host: "host-1", run: "a")
        #expect(turn.decide(nil, now: start) == .register)
        let left = acknowledgement(host: nil, run: nil)
        #expect(turn.decide((left, "1"), now: start) == .claim(left, etag: "1"))
    }

    @Test("if a delivery of the same host was killed, the next one takes over immediately")
    func sameHost() {
        var turn = DeliveryTurn(host: "host-1", run: "b")
        let killed = acknowledgement(host: "host-1", run: "a")
        #expect(turn.decide((killed, "1"), now: start) == .claim(killed, etag: "1"))
    }

    @Test(
        "a delivery waits while another host renews its acknowledgement, and takes over after a minute without a renewal"
    )
    func otherHost() {
        var turn = DeliveryTurn(host: "host-2", run: "b")
        let other = acknowledgement(host: "host-1", run: "a")
        #expect(turn.decide((other, "1"), now: start) == .wait(host: "host-1"))
        #expect(turn.decide((other, "1"), now: start + .seconds(59)) == .wait(host: "host-1"))
        // The ETag has changed because the other host has renewed its acknowledgement.
        #expect(turn.decide((other, "2"), now: start + .seconds(60)) == .wait(host: "host-1"))
        #expect(turn.decide((other, "2"), now: start + .seconds(119)) == .wait(host: "host-1"))
        #expect(turn.decide((other, "2"), now: start + .seconds(120)) == .claim(other, etag: "2"))
        #expect(DeliveryTurn.renewal * 2 < DeliveryTurn.patience)
    }
}

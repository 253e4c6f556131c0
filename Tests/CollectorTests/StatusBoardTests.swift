import Testing

@testable import Collector

@Suite("The status board")
struct StatusBoardTests {
    private func entry(_ name: String) -> StatusBoard.Entry {
        StatusBoard.Entry(
            name: name, org: "https://\(name).okta.com", credential: "r", credentialExpires: nil,
            health: IntegrationHealth(since: 0))
    }

    @Test("the status board shows integrations in the order in which they were added, and omits removed ones")
    func order() {
        let board = StatusBoard()
        for name in ["c", "a", "b"] { board.add(entry(name)) }
        #expect(board.snapshot(now: .now).entries.map(\.name) == ["c", "a", "b"])
        board.remove("a")
        board.remove("a")
        #expect(board.snapshot(now: .now).entries.map(\.name) == ["c", "b"])
        board.add(entry("a"))
        #expect(board.snapshot(now: .now).entries.map(\.name) == ["c", "b", "a"])
    }

    @Test("a change is applied to its own integration, even after other integrations were removed")
    func update() {
        let board = StatusBoard()
        for name in ["a", "b", "c"] { board.add(entry(name)) }
        board.remove("a")
        board.update("c") { $0.requested() }
        #expect(board.snapshot(now: .now).entries.map(\.health.requests) == [0, 1])
    }

    @Test("after an integration is removed, late reports of its collector change nothing")
    func afterRemoval() {
        let board = StatusBoard()
        board.add(entry("a"))
        board.remove("a")
        let isOpened = board.update("a") { health in
            health.opened()
            return health.isOpened
        }
        #expect(isOpened)
        #expect(board.snapshot(now: .now).entries.isEmpty)
        #expect(board.isEverythingOpened)
    }
}

@Suite("The distribution of integrations over the workers")
struct WorkerPlacementTests {
    @Test("integrations are distributed evenly over the workers, and each stays with its worker")
    func spread() {
        var placement = WorkerPlacement(workers: 3)
        let first = (0..<9).map { placement.place("org-\($0)") }
        #expect(first == [0, 1, 2, 0, 1, 2, 0, 1, 2])
        #expect((0..<9).map { placement.place("org-\($0)") } == first)
    }

    @Test("after an integration was removed, the next new integration is assigned to the same worker")
    func removal() {
        var placement = WorkerPlacement(workers: 3)
        for number in 0..<6 { _ = placement.place("org-\(number)") }
        placement.remove("org-1")
        placement.remove("org-1")
        placement.remove("unknown")
        #expect(placement.place("new") == 1)
        #expect(placement.place("newer") == 0)
    }
}

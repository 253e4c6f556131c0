import Testing

@testable import OktaAPI

@Suite("The polling times of several orgs")
struct PollGridTests {
    private let start = ContinuousClock.now

    @Test("a thousand orgs are spread over the interval in five groups, and the first is requested immediately")
    func spread() {
        let grids = (0..<1000).map { PollGrid(number: $0, of: 1000, interval: .seconds(15), now: start) }
        let origins = grids.map { $0.origin - start }
        #expect(origins.first == .zero)
        let together = Dictionary(grouping: origins) { $0 }.mapValues(\.count)
        #expect(together.count == 5)
        #expect(together.values.allSatisfy { $0 == 200 })
        #expect(origins.allSatisfy { $0 < .seconds(15) })
        #expect(grids.first?.start == start)
        #expect(grids.last.map { $0.start - start } == .milliseconds(9_990))
    }

    @Test("if an org answers late, its polling times do not change, so that orgs stay spread over the interval")
    func staysApart() {
        let grid = PollGrid(origin: start)
        #expect(grid.next(after: start + .milliseconds(80), interval: .seconds(15)) == start + .seconds(15))
        #expect(grid.next(after: start + .milliseconds(7400), interval: .seconds(15)) == start + .seconds(15))
        #expect(grid.next(after: start + .milliseconds(7600), interval: .seconds(15)) == start + .seconds(30))
        #expect(grid.next(after: start + .seconds(3600), interval: .seconds(15)) == start + .seconds(3615))
        #expect(grid.next(after: start - .seconds(2), interval: .seconds(15)) == start + .seconds(15))
    }

    @Test("a wait is at least half an interval and at most one and a half intervals")
    func bounds() {
        let grid = PollGrid(origin: start + .milliseconds(700))
        for milliseconds in stride(from: 0, to: 60_000, by: 37) {
            let now = start + .milliseconds(milliseconds)
            let wait = grid.next(after: now, interval: .seconds(10)) - now
            #expect(wait >= .seconds(5) && wait <= .seconds(15), "at \(milliseconds)")
        }
    }
}

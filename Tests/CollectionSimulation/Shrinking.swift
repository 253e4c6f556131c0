/// The results of many runs.
package struct Summary: Sendable, CustomStringConvertible {
    package private(set) var runs = 0
    package private(set) var failed = 0
    private var sum = Verdict()
    private var lost = 0
    private var twice = 0
    private var stuck = 0
    private var announcedRuns = 0

    package init() {}

    package mutating func add(_ verdict: Verdict) {
        runs += 1
        if !verdict.isGood { failed += 1 }
        lost += verdict.lost.count
        twice += verdict.twice.count
        if verdict.isStuck { stuck += 1 }
        if !verdict.twice.isEmpty, verdict.isGood { announcedRuns += 1 }
        sum.events += verdict.events
        sum.requests += verdict.requests
        sum.requeries += verdict.requeries
        sum.starts += verdict.starts
        sum.unproven += verdict.unproven
        sum.seals += verdict.seals
        sum.takeovers += verdict.takeovers
        sum.fenced += verdict.fenced
    }

    package var description: String {
        """
        \(runs) runs, \(sum.events) events, \(sum.starts) starts, \(sum.requests) requests, \(sum.requeries) queries by time after \
        trouble\(sum.fleet): \(lost) lost, \(twice) twice (\(announcedRuns) runs with announced repeats; \(sum.unproven) events announced), \
        \(stuck) stuck
        """
    }
}

/// Reduces the scenario of a failing seed to a smaller one that still fails.
package struct Shrinking {
    private let lane: SimulationLane
    private let isFleet: Bool

    package init(_ lane: SimulationLane, isFleet: Bool = false) {
        self.lane = lane
        self.isFleet = isFleet
    }

    /// Describes the smallest scenario that still fails: its features, the share of the original events that it needs, and the result of its run.
    package func smallest(_ seed: UInt64, without: Set<Scenario.Feature> = []) async -> String {
        var without = without
        for feature in Scenario.Feature.allCases where !without.contains(feature) {
            let smaller = Scenario(seed: seed, isFleet: isFleet, without: without.union([feature]))
            if await !lane.run(smaller).isGood { without.insert(feature) }
        }
        var share = 1.0
        func scenario(_ share: Double) -> Scenario {
            Scenario(seed: seed, isFleet: isFleet, without: without, eventShare: share)
        }
        while share > 0.05, await !lane.run(scenario(share / 2)).isGood { share /= 2 }
        let scenario = scenario(share)
        let verdict = await lane.run(scenario)
        let features = scenario.features.map { "\($0)" }.sorted().joined(separator: " ")
        return "needs [\(features)] and \(Int(share * 100)) % of the events: \(verdict)"
    }
}

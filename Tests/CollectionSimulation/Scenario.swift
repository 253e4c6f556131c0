/// A run of the simulation, generated from a seed.
///
/// Each feature uses its own random generator. A feature can therefore be switched off without changing the others. Shrinking a failing run needs
/// this.
package struct Scenario: Sendable {
    /// The features of a run.
    package enum Feature: UInt64, CaseIterable, Sendable {
        /// Events that exist before the first start.
        case history
        /// A few events that Okta stores long after they were published.
        case lateEvents
        /// Okta stores all events hours after they were published.
        case delay
        /// Events whose `published` is shortly after the time at which they are stored.
        case futureEvents
        /// Events that Okta stores twice.
        case copies
        case bursts
        case shortPages, emptyPages
        /// The server has a maximum page size, which is smaller than the requested one.
        case cap
        /// The order of neighboring events differs between two queries.
        case swaps
        /// Links are refused.
        case refusals
        /// Some answers are unusable or missing.
        case faults
        /// At a file operation, the process is killed or the power fails.
        case kills, powerCuts
        /// The process is stopped and started again.
        case stops
        /// Hours pass between two starts.
        case outages
        case pageSizes, filters, addresses
        /// The host's clock differs from Okta's by hours.
        case hostClock
        /// The daemon remembers very few events, so a query by time also returns events that it has forgotten.
        case smallMemory
        /// Between two starts, the state directory is replaced by an earlier copy, or removed.
        case olderState, lostState

        // Features of fleets only.

        /// The bucket answers with errors or not at all; it carries out writes after their sender has given up; it is unavailable for some time.
        case bucketFaults, lateWrites, bucketOutages
        /// A host is suspended while another host collects, and then continues with the state in its memory.
        case pauses
        /// A host learns late, or never, that another host has taken over.
        case overlaps
        /// The process dies at a request to the bucket, before or after the request is sent.
        case requestKills

        // New features are added at the end, so that they do not change the other features of a seed.

        /// Some filters admit few events, or no event that the previous filter admitted. After such a change, a search finds few remembered
        /// events, or the new filter admits many events that are not remembered.
        case narrowFilters

        /// Before a start of the daemon, Okta deletes the stored events, whether or not they were collected. Sometimes a few of the newest are left.
        case deletions

        /// The head of a tail has twice as many events as a search needs, as with the limits of the product. Without this feature, it has fewer.
        case longHead

        /// Features that were added after the first failing seeds were recorded. Those seeds are run without them, so that their runs stay the same.
        package static let later: Set<Feature> = [.narrowFilters, .deletions, .longHead]
    }

    package struct Event: Sendable {
        /// The time at which Okta stores the event, in milliseconds since 1970, like `published`.
        package var stored: Int64
        package var published: Int64
        /// The event's number. Both copies of an event that is stored twice have the same number.
        package var number: Int
        /// A number from 0 to 7. A filter admits the events with some of these numbers.
        package var bucket: Int
    }

    /// How a session ends.
    package enum End: Sendable, Equatable {
        /// The daemon runs until all events have been collected.
        case drained
        case stop(afterRequests: Int)
        case kill(atOperation: Int)
        case powerCut(atOperation: Int)
    }

    /// The time from a start of the daemon to its end.
    package struct Session: Sendable {
        package var end: End
        package var pageSize: Int
        /// The filter: bit n is set if events whose `bucket` is n are admitted; nil for no filter.
        package var filter: Int?
        /// The index of the configured address in `ScriptedOrg.origins`.
        package var address: Int
        /// How far the host's clock is ahead of Okta's, in milliseconds.
        package var hostOffset: Int64
        /// How long the daemon does not run before this start, in milliseconds.
        package var pause: Int64
        /// Before this start, the org deletes all stored events except this many of the newest; nil if it deletes none.
        package var deletesAllBut: Int?
        /// The change of the state directory before this start.
        package var state = StateChange.none
        /// The moment at which the state directory is copied: a file operation of the running daemon, or its end; nil if it is not copied.
        package var copy: CopyTime?
    }

    package enum StateChange: Sendable, Equatable { case none, isLost, isRestored }
    package enum CopyTime: Sendable, Equatable { case running(atOperation: Int), stopped }

    package var seed: UInt64
    package var features: Set<Feature>
    package var events: [Event] = []
    package var sessions: [Session] = []
    /// The time of the first start.
    package static let origin: Int64 = 1_795_000_000_000
    /// The configured start, in milliseconds before ``origin``.
    package var start: Int64 = 0
    /// Whether the start is relative to now.
    package var countsFromNow = true
    package var pollSeconds = 15
    package var cap: Int?
    /// How many of a thousand requests for a link are refused.
    package var refusals = 0
    /// How many of a thousand requests have another fault.
    package var faults = 0
    /// How many of a thousand requests are answered with a short page.
    package var shortPages = 0
    /// How many of a thousand requests are answered with an empty page.
    package var emptyPages = 0
    /// What the hosts of a fleet do; nil outside a fleet. It replaces ``sessions``.
    package var fleet: FleetPlan?

    /// - Parameters:
    ///   - isFleet: whether the run has several hosts with one bucket.
    ///   - without: features that are switched off.
    package init(seed: UInt64, isFleet: Bool = false, without: Set<Feature> = [], eventShare: Double = 1) {
        self.seed = seed
        var choice = SeededGenerator(seed: seed)
        features = Set(Feature.allCases.filter { _ in Int.random(in: 0..<100, using: &choice) < 40 })
        features.subtract(without)
        var generator = self.generator(nil)
        makeEvents(&generator, share: isFleet ? eventShare * 0.4 : eventShare)
        makeAnswers()
        if isFleet {
            makeFleet(&generator)
        } else {
            makeSessions(&generator)
            makeStateChanges()
        }
    }

    func generator(_ feature: Feature?) -> SeededGenerator {
        SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ (feature?.rawValue ?? 99) &* 0x2545_F491_4F6C_DD1D)
    }

    private mutating func makeEvents(_ generator: inout SeededGenerator, share: Double) {
        var times: [Int64] = []
        func spread(_ count: Int, from: Int64, to: Int64, _ generator: inout SeededGenerator) {
            for _ in 0..<Int(Double(count) * share) { times.append(Int64.random(in: from...to, using: &generator)) }
        }
        var history = self.generator(.history)
        start = [3_600_000, 86_400_000, 7 * 86_400_000][Int.random(in: 0..<3, using: &history)]
        if features.contains(.history) {
            spread(
                Int.random(in: 20...700, using: &history), from: Self.origin - start - 1_000_000, to: Self.origin,
                &history)
        }
        let span = [1_200_000, 7_200_000, 40_000_000][Int.random(in: 0..<3, using: &generator)]
        // With this interval, a run has a few dozen polls.
        pollSeconds = span / 1000 / [20, 50, 120][Int.random(in: 0..<3, using: &generator)]
        spread(
            Int.random(in: 10...400, using: &generator), from: Self.origin, to: Self.origin + Int64(span), &generator)
        var bursts = self.generator(.bursts)
        if features.contains(.bursts) {
            for _ in 0..<Int.random(in: 1...4, using: &bursts) {
                let time = Int64.random(in: Self.origin - 7_200_000...Self.origin + Int64(span), using: &bursts)
                spread(Int.random(in: 20...300, using: &bursts), from: time, to: time + 3_000, &bursts)
            }
        }
        times.sort()
        var delays = self.generator(.delay)
        let delay =
            features.contains(.delay)
            ? Int64([600_000, 7_200_000, 21_600_000][Int.random(in: 0..<3, using: &delays)]) : 200
        var late = self.generator(.lateEvents)
        var future = self.generator(.futureEvents)
        for (number, time) in times.enumerated() {
            var published = time - delay
            if features.contains(.lateEvents), Int.random(in: 0..<10, using: &late) == 0 {
                published -= Int64.random(in: 0...[60_000, 7_200_000, 200_000_000][number % 3], using: &late)
            }
            if features.contains(.futureEvents), Int.random(in: 0..<50, using: &future) == 0 {
                published = time + Int64.random(in: 0...240_000, using: &future)
            }
            events.append(Event(stored: time, published: published, number: number, bucket: number &* 31 % 8))
        }
        var copies = self.generator(.copies)
        if features.contains(.copies), !events.isEmpty {
            for _ in 0..<events.count / 50 + 1 {
                let index = Int.random(in: 0..<events.count, using: &copies)
                // The copy is stored soon after the event, because the daemon recognizes it only while it remembers the event.
                let place = min(index + Int.random(in: 1...6, using: &copies), events.count)
                var copy = events[index]
                copy.stored = place < events.count ? events[place].stored : events[events.count - 1].stored
                events.insert(copy, at: place)
            }
        }
    }

    /// A random element of `shares`; 0 if the feature is off.
    func share(_ feature: Feature, _ shares: [Int]) -> Int {
        var generator = self.generator(feature)
        return features.contains(feature) ? shares[Int.random(in: 0..<shares.count, using: &generator)] : 0
    }

    private mutating func makeAnswers() {
        refusals = share(.refusals, [5, 20, 100])
        faults = share(.faults, [10, 50, 200])
        shortPages = share(.shortPages, [20, 200, 600])
        emptyPages = share(.emptyPages, [20, 100, 300])
        let cap = share(.cap, [3, 7, 15])
        self.cap = cap > 0 ? cap : nil
    }

    private mutating func makeStateChanges() {
        guard sessions.count > 1 else { return }
        if features.contains(.lostState) {
            var lost = self.generator(.lostState)
            sessions[Int.random(in: 1..<sessions.count, using: &lost)].state = .isLost
            // If the state is lost before its events are sealed, they are collected again from the start. After a long outage, a start
            // relative to now would be later than these events. So the start is absolute.
            countsFromNow = false
        }
        if features.contains(.olderState) {
            var older = self.generator(.olderState)
            let taken = Int.random(in: 0..<sessions.count - 1, using: &older)
            let isRunning = Bool.random(using: &older)
            let operation = Int.random(in: 1...200, using: &older)
            sessions[taken].copy = isRunning ? .running(atOperation: operation) : .stopped
            sessions[Int.random(in: taken + 1..<sessions.count, using: &older)].state = .isRestored
        }
    }

    private mutating func makeSessions(_ generator: inout SeededGenerator) {
        let ends: Set<Feature> = [.kills, .powerCuts, .stops]
        let count = features.isDisjoint(with: ends) ? 1 : Int.random(in: 2...6, using: &generator)
        var kills = self.generator(.kills)
        var settings = SettingsChoice(self, firstSize: [5, 20, 50][Int.random(in: 0..<3, using: &generator)])
        for number in 0..<count {
            var session = settings.next(isFirst: number == 0)
            if number < count - 1 {
                let kinds = ends.intersection(features).sorted { $0.rawValue < $1.rawValue }
                switch kinds[Int.random(in: 0..<kinds.count, using: &kills)] {
                case .kills: session.end = .kill(atOperation: Int.random(in: 1...200, using: &kills))
                case .powerCuts: session.end = .powerCut(atOperation: Int.random(in: 1...200, using: &kills))
                default: session.end = .stop(afterRequests: Int.random(in: 1...60, using: &kills))
                }
            }
            sessions.append(session)
        }
    }
}

@testable import Collector
@testable import OktaAPI

/// The events that a run has to collect: those that are admitted by the filter in use when Okta stored them, and by every later filter.
struct WantedEvents: Sendable {
    private struct Filter {
        /// The time until which the filter is used, in milliseconds since 1970.
        var until: Int64
        var mask: Int
    }

    private var filters: [Filter] = []
    /// Events that were stored before this time, in milliseconds since 1970, are not wanted.
    var from: Int64

    /// Events that were stored up to this time, in milliseconds since 1970, have been deleted, so they may be missing.
    var deletedUntil = Int64.min

    init(from: Int64) { self.from = from }

    /// Adds the filter of a session. The filter is used at least until the next one begins or ``end(_:at:)`` is called. Returns the filter's number.
    mutating func begin(_ session: Scenario.Session, at time: Int64) -> Int {
        if let last = filters.indices.last { filters[last].until = max(filters[last].until, time) }
        filters.append(Filter(until: time, mask: session.filter ?? 0xFF))
        return filters.count - 1
    }

    mutating func end(_ number: Int, at time: Int64) { filters[number].until = max(filters[number].until, time) }

    /// The numbers of the wanted events.
    func numbers(of events: [Scenario.Event]) -> Set<Int> {
        // The daemon accepts a clock that is wrong by up to a minute, so the start that it computes may be up to a minute late.
        let from = from + HostTime.tolerance + 1_000
        var wanted: Set<Int> = []
        for event in events where event.stored >= from && event.stored > deletedUntil {
            let isAdmitted = filters.enumerated().allSatisfy { number, filter in
                filter.until <= event.stored && number < filters.count - 1 || filter.mask & 1 << event.bucket != 0
            }
            if isAdmitted { wanted.insert(event.number) }
        }
        return wanted
    }
}

extension Verdict {
    /// Compares the collected events with the wanted ones.
    ///
    /// - Parameter counts: how often each event was found, by its number.
    mutating func compare(_ counts: [Int: Int], with wanted: WantedEvents, of scenario: Scenario) {
        let known = Set(scenario.events.map(\.number))
        lost = wanted.numbers(of: scenario.events).filter { counts[$0] == nil }.sorted()
        twice = counts.filter { $0.value > 1 }.map(\.key).sorted()
        invented = counts.keys.filter { !known.contains($0) }.sorted()
    }
}

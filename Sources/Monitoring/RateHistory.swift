/// Each integration's event counts and lag over the last hours, for the sparklines of the status page.
///
/// All series are sampled at the same moments, at first every 5 s. When the series are full, every two consecutive samples are merged into one and
/// the interval doubles, up to 80 s. A series never has more than 180 samples. The sparklines are therefore filled soon after the start, and later
/// cover up to 4 hours.
struct RateHistory: Sendable {
    static let capacity = 180
    /// The initial interval between samples, in seconds.
    static let firstInterval = 5
    static let lastInterval = 80

    /// One integration's samples, the newest last.
    struct Series: Sendable, Equatable {
        /// The number of events in each interval.
        var events: [UInt32] = []
        /// The longest lag in each interval, in seconds; `unknown` before the first answer.
        var lag: [UInt32] = []
        /// The integration's counter of events at the last sample.
        fileprivate var total = 0
    }

    static let unknown = UInt32.max

    /// Seconds from one sample to the next.
    private(set) var interval = firstInterval
    private(set) var series: [String: Series] = [:]
    private var count = 0

    /// The sampled values: an integration's counter of events, and its lag.
    typealias Reading = (name: String, events: Int, lag: Int?)

    /// Takes a sample. Integrations without a reading are removed.
    mutating func sample(_ readings: [Reading]) {
        if count == Self.capacity { dropOldest() }
        var next: [String: Series] = [:]
        next.reserveCapacity(readings.count)
        for reading in readings {
            // Events before the first sample belong to no interval.
            var series = series[reading.name] ?? Series(total: reading.events)
            let lag = reading.lag.map { UInt32(clamping: min($0, Int(Self.unknown) - 1)) } ?? Self.unknown
            series.events.append(UInt32(clamping: max(0, reading.events - series.total)))
            series.lag.append(lag)
            series.total = reading.events
            next[reading.name] = series
        }
        series = next
        count += 1
        // Merging happens now, so that the next sample already covers the longer interval.
        if count == Self.capacity, interval < Self.lastInterval { halve() }
    }

    private mutating func dropOldest() {
        for name in series.keys {
            guard let length = series[name]?.events.count, length == count else { continue }
            series[name]?.events.removeFirst()
            series[name]?.lag.removeFirst()
        }
        count -= 1
    }

    /// Merges every two consecutive samples into one, and doubles the interval.
    private mutating func halve() {
        interval *= 2
        count /= 2
        for name in series.keys {
            guard let old = series[name] else { continue }
            series[name]?.events = Self.pairs(old.events) { UInt32(clamping: Int($0) + Int($1)) }
            series[name]?.lag = Self.pairs(old.lag) { $0 == Self.unknown ? $1 : $1 == Self.unknown ? $0 : max($0, $1) }
        }
    }

    /// Merges pairs of values, starting with the newest two. If the number of values is odd, the oldest value is dropped.
    private static func pairs(_ values: [UInt32], _ join: (UInt32, UInt32) -> UInt32) -> [UInt32] {
        stride(from: values.count % 2, to: values.count, by: 2).map { join(values[$0], values[$0 + 1]) }
    }
}

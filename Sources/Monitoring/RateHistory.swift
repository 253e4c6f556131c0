/// How many events each integration got, and how far it was behind, over the last hours: for the sparklines of the status page.
///
/// All series have a sample at the same moments. At first one is taken every 5 s; each time the series are full, two samples become one and the
/// interval doubles, up to 80 s. So a picture is whole soon after the start, spans 4 hours in the end, and never takes more than 180 samples.
struct RateHistory: Sendable {
    static let capacity = 180
    /// Seconds.
    static let firstInterval = 5
    static let lastInterval = 80

    /// One integration's samples, the newest last.
    struct Series: Sendable, Equatable {
        /// Events in each interval.
        var events: [UInt32] = []
        /// The longest lag in each interval, in seconds; `unknown` before the first answer.
        var lag: [UInt32] = []
        /// The counter at the last sample.
        fileprivate var total = 0
    }

    static let unknown = UInt32.max

    /// Seconds from one sample to the next.
    private(set) var interval = firstInterval
    private(set) var series: [String: Series] = [:]
    private var count = 0

    /// What is sampled: an integration's counter of events, and its lag.
    typealias Reading = (name: String, events: Int, lag: Int?)

    /// Takes a sample. Integrations that are not among the readings are forgotten.
    mutating func sample(_ readings: [Reading]) {
        if count == Self.capacity { dropOldest() }
        var next: [String: Series] = [:]
        next.reserveCapacity(readings.count)
        for reading in readings {
            // What came before the first sample has no interval that it belongs to.
            var series = series[reading.name] ?? Series(total: reading.events)
            let lag = reading.lag.map { UInt32(clamping: min($0, Int(Self.unknown) - 1)) } ?? Self.unknown
            series.events.append(UInt32(clamping: max(0, reading.events - series.total)))
            series.lag.append(lag)
            series.total = reading.events
            next[reading.name] = series
        }
        series = next
        count += 1
        // At once, so that the next sample is one of the longer interval.
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

    /// Two samples become one, of twice the interval.
    private mutating func halve() {
        interval *= 2
        count /= 2
        for name in series.keys {
            guard let old = series[name] else { continue }
            series[name]?.events = Self.pairs(old.events) { UInt32(clamping: Int($0) + Int($1)) }
            series[name]?.lag = Self.pairs(old.lag) { $0 == Self.unknown ? $1 : $1 == Self.unknown ? $0 : max($0, $1) }
        }
    }

    /// From the end on, so that the newest samples stay together; an odd first one is dropped.
    private static func pairs(_ values: [UInt32], _ join: (UInt32, UInt32) -> UInt32) -> [UInt32] {
        stride(from: values.count % 2, to: values.count, by: 2).map { join(values[$0], values[$0 + 1]) }
    }
}

/// The org's System Log: events numbered from 0 in the order they were persisted.
struct EventLog: Sendable {
    let timeline: Timeline
    private let generator: EventGenerator
    private let recorded: [RecordedEvent]?
    private var appended: [(event: RecordedEvent, persisted: Int64)] = []
    private let maximumDelay: Int64

    init(settings: OrgSettings, epoch: Int64) {
        let recorded = settings.recorded?.map(RecordedEvent.init)
        let count = settings.eventCount
        timeline = Timeline(
            epoch: epoch, historyCount: recorded.map { settings.rate > 0 ? min(count, $0.count) : $0.count } ?? count,
            historySpan: settings.historySpan, rate: settings.rate, cap: recorded?.count)
        self.recorded = recorded
        generator = EventGenerator(settings: settings, timeline: timeline)
        maximumDelay = recorded == nil ? EventGenerator.usualDelay + 1 + max(1, settings.lateSpan) : Int64.max
    }

    /// Events that exist at `now` (milliseconds since 1970).
    func count(now: Int64) -> Int {
        timeline.count(now: now) + appended.count
    }

    mutating func append(_ events: [[UInt8]], now: Int64) throws {
        guard timeline.rate == 0 else { throw SimulatorError.liveLog }
        let time = max(now, appended.last?.persisted ?? now)
        appended += events.map { (RecordedEvent($0), time) }
    }

    private func isAppended(_ index: Int) -> Bool {
        timeline.rate == 0 && index >= timeline.historyCount
    }

    func persisted(_ index: Int) -> Int64 {
        isAppended(index) ? appended[index - timeline.historyCount].persisted : timeline.persisted(index)
    }

    private func recordedEvent(_ index: Int) -> RecordedEvent? {
        if isAppended(index) { return appended[index - timeline.historyCount].event }
        return recorded?[index]
    }

    func published(_ index: Int) -> Int64 {
        if let event = recordedEvent(index) { return event.published ?? persisted(index) }
        return generator.published(index)
    }

    func attribute(_ path: String, _ index: Int) -> String? {
        if let event = recordedEvent(index) { return event.attributes[path] }
        return generator.attribute(path, index)
    }

    func uuid(_ index: Int) -> String? {
        if let event = recordedEvent(index) { return event.attributes["uuid"] }
        return generator.identity.text(index)
    }

    func index(ofUUID uuid: String) -> Int? {
        if recorded == nil, let index = generator.identity.index(of: uuid) { return index }
        let total = (recorded?.count ?? timeline.historyCount) + appended.count
        let first = recorded == nil ? timeline.historyCount : 0
        return (first..<max(first, total)).first { recordedEvent($0)?.attributes["uuid"] == uuid }
    }

    func render(_ index: Int, to out: inout [UInt8]) {
        if let event = recordedEvent(index) {
            out.append(contentsOf: event.bytes)
        } else {
            generator.append(index, to: &out)
        }
    }

    /// The first event persisted at or after `time`; `count` when there is none.
    func firstIndex(persistedAt time: Int64, count: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if persisted(middle) < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The events published in `range` that `isWanted`, in order of publication (then persistence), after the event `after`;
    /// at most `limit`, and whether there are more.
    func bounded(
        _ range: Range<Int64>, descending: Bool, after: Int?, limit: Int, count: Int, isWanted: (Int) -> Bool
    ) -> (page: [Int], more: Bool) {
        let scanFrom: Int
        if maximumDelay == Int64.max {
            scanFrom = 0
        } else {
            let lowest =
                !descending && after != nil ? max(range.lowerBound, after.map(published) ?? 0) : range.lowerBound
            scanFrom = firstIndex(persistedAt: lowest, count: count)
        }
        var found: [(time: Int64, index: Int)] = []
        let last = after.map { (time: published($0), index: $0) }
        var index = scanFrom
        var settledAt = scanFrom + 4096
        while index < count {
            if maximumDelay != Int64.max, persisted(index) - maximumDelay >= range.upperBound { break }
            let time = published(index)
            if range.contains(time) {
                let isPast =
                    last.map { descending ? (time, index) < ($0.time, $0.index) : (time, index) > ($0.time, $0.index) }
                    ?? true
                if isPast, isWanted(index) { found.append((time, index)) }
            }
            index += 1
            // Nothing published before `horizon` can come any more, so a full page below it is final.
            if !descending, maximumDelay != Int64.max, index >= settledAt, index < count {
                settledAt = index + 4096
                let horizon = persisted(index) - maximumDelay
                if found.count > limit, found.lazy.filter({ $0.time < horizon }).count > limit { break }
            }
        }
        found.sort {
            descending ? ($0.time, $0.index) > ($1.time, $1.index) : ($0.time, $0.index) < ($1.time, $1.index)
        }
        return (found.prefix(limit).map(\.index), found.count > limit)
    }
}

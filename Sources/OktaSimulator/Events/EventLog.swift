/// The org's System Log: events numbered from 0 in the order they were persisted.
struct EventLog: Sendable {
    let timeline: Timeline
    private let generator: EventGenerator
    private let recorded: [RecordedEvent]?
    /// Events that were added to those of the timeline. `index` is an added event's position among all events.
    private var appended: [(event: RecordedEvent, persisted: Int64, index: Int)] = []
    /// The latest time at which the log was read. Events that are added later are persisted at this time or later, so that no reader misses them.
    private var latestRead = Int64.min
    private let maximumDelay: Int64

    init(settings: OrgSettings, epoch: Int64) {
        let recorded = settings.recorded?.map(RecordedEvent.init)
        let count = settings.eventCount
        timeline = Timeline(
            epoch: epoch, historyCount: recorded.map { settings.rate > 0 ? min(count, $0.count) : $0.count } ?? count,
            historySpan: settings.historySpan, rate: settings.rate, cap: recorded?.count)
        self.recorded = recorded
        generator = EventGenerator(settings: settings, timeline: timeline)
        maximumDelay =
            recorded == nil
            ? EventGenerator.usualDelay + 1 + max(1, settings.lateSpan, settings.actionEventDelay)
            : Int64.max
    }

    /// The number of events that exist at `now` (milliseconds since 1970).
    func count(now: Int64) -> Int {
        var arrived = appended.count
        while arrived > 0, appended[arrived - 1].persisted > now { arrived -= 1 }
        return timeline.count(now: now) + arrived
    }

    /// Records that the log is read at `now`. From then on, no event is inserted before the events that have been read.
    mutating func read(now: Int64) { latestRead = max(latestRead, now) }

    /// Adds events at the end. They exist from the latest of three times on: `time`, the last read, and when the last added event began to exist.
    mutating func append(_ events: [[UInt8]], at time: Int64) {
        let time = max(time, latestRead, appended.last?.persisted ?? time)
        for event in events {
            appended.append((RecordedEvent(event), time, timeline.count(now: time) + appended.count))
        }
    }

    private enum Place {
        case timeline(Int)
        case appended(Int)
    }

    private func place(_ index: Int) -> Place {
        var low = 0
        var high = appended.count
        while low < high {
            let middle = (low + high) / 2
            if appended[middle].index <= index { low = middle + 1 } else { high = middle }
        }
        return low > 0 && appended[low - 1].index == index ? .appended(low - 1) : .timeline(index - low)
    }

    func persisted(_ index: Int) -> Int64 {
        switch place(index) {
        case .appended(let number): appended[number].persisted
        case .timeline(let index): timeline.persisted(index)
        }
    }

    private enum Source {
        case recorded(RecordedEvent)
        case generated(Int)
    }

    private func source(_ index: Int) -> Source {
        switch place(index) {
        case .appended(let number): .recorded(appended[number].event)
        case .timeline(let index): recorded.map { .recorded($0[index]) } ?? .generated(index)
        }
    }

    func published(_ index: Int) -> Int64 {
        switch source(index) {
        case .recorded(let event): event.published ?? persisted(index)
        case .generated(let index): generator.published(index)
        }
    }

    func attribute(_ path: String, _ index: Int) -> String? {
        switch source(index) {
        case .recorded(let event): event.attributes[path]
        case .generated(let index): generator.attribute(path, index)
        }
    }

    func uuid(_ index: Int) -> String? {
        switch source(index) {
        case .recorded(let event): event.attributes["uuid"]
        case .generated(let index): generator.identity.text(index)
        }
    }

    func index(ofUUID uuid: String) -> Int? {
        if let added = appended.first(where: { $0.event.attributes["uuid"] == uuid }) { return added.index }
        guard
            let index = recorded.map({ $0.firstIndex { $0.attributes["uuid"] == uuid } })
                ?? generator.identity.index(of: uuid)
        else { return nil }
        // The number of appended events that precede the event in the log.
        let before = appended.enumerated().prefix { number, added in added.index - number <= index }.count
        return index + before
    }

    func render(_ index: Int, to out: inout [UInt8]) {
        switch source(index) {
        case .recorded(let event): out.append(contentsOf: event.bytes)
        case .generated(let index): generator.append(index, to: &out)
        }
    }

    /// The first event persisted at or after `time`; `count` if there is none.
    func firstIndex(persistedAt time: Int64, count: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if persisted(middle) < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The events that were published in `range`, match `isWanted` and follow the event `after`: at most `limit` of them, in the order of publication
    /// (then persistence). Also returns whether there are more.
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
            // All events published before `horizon` have been found. If they already fill the page, later events can no longer change it.
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

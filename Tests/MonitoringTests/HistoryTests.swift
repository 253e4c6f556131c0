import Collector
import Foundation
import Testing

@testable import Monitoring

@Suite("The history of the status page")
struct HistoryTests {
    @Test("a day of samples takes no more memory than four hours, and the newest events are correct")
    func bounded() throws {
        var history = RateHistory()
        var seconds = 0
        var events = 1000
        while seconds < 86_400 {
            seconds += history.interval
            // 2 events a second, then 8 in the last ten minutes.
            events += history.interval * (seconds > 86_400 - 600 ? 8 : 2)
            history.sample([("acme", events, 7)])
            #expect(history.series["acme"].map { $0.events.count <= RateHistory.capacity } == true)
        }
        let series = try #require(history.series["acme"])
        #expect(history.interval == RateHistory.lastInterval)
        #expect(series.events.count == series.lag.count)
        #expect(series.events.count * history.interval == 4 * 3600)
        #expect(series.events.last == UInt32(8 * history.interval))
        #expect(series.events.first == UInt32(2 * history.interval))
        #expect(Set(series.lag) == [7])
    }

    @Test("a steady rate stays a level line when the interval doubles")
    func level() throws {
        var history = RateHistory()
        var events = 0
        for _ in 0..<700 {
            history.sample([("acme", events, 1)])
            events += 3 * history.interval
        }
        let series = try #require(history.series["acme"])
        #expect(Set(series.events) == [UInt32(3 * history.interval)])
    }

    @Test("no event is lost or counted twice when two samples become one")
    func merging() throws {
        var history = RateHistory()
        history.sample([("acme", 500, nil)])
        for total in 501...(500 + RateHistory.capacity + 20) { history.sample([("acme", total, 1)]) }
        let series = try #require(history.series["acme"])
        #expect(history.interval == 2 * RateHistory.firstInterval)
        #expect(
            series.events.reduce(0, +) == UInt32(RateHistory.capacity + 20),
            "what was collected before the first sample is in no interval")
    }

    @Test("a sample has the longest lag of its interval; before the first answer it has none")
    func lag() throws {
        var history = RateHistory()
        for number in 0..<RateHistory.capacity {
            history.sample([("acme", 0, number < 4 ? nil : number == 41 ? 900 : 5)])
        }
        history.sample([("acme", 0, 5)])
        let lag = try #require(history.series["acme"]?.lag)
        #expect(lag.prefix(3) == [RateHistory.unknown, RateHistory.unknown, 5])
        #expect(
            lag[20] == 900
                && lag.max(by: { ($0 == RateHistory.unknown ? 0 : $0) < ($1 == RateHistory.unknown ? 0 : $1) }) == 900)
    }

    @Test("the samples of a removed integration are dropped, and those of a new one end at the same time as the others")
    func changing() {
        var history = RateHistory()
        for number in 0..<50 { history.sample([("acme", number, 1), ("old", number, 1)]) }
        for number in 50..<400 { history.sample([("acme", number, 1), ("new", number, 1)]) }
        #expect(history.series.keys.sorted() == ["acme", "new"])
        #expect(history.series["new"]?.events.suffix(60) == history.series["acme"]?.events.suffix(60))
    }

    @Test("a problem that lasts is one entry of the history, with its beginning and its end")
    func troubles() {
        var log = TroubleLog()
        log.note(
            MadeUp.report([MadeUp.integration("acme", .failing, problem: "unreachable"), MadeUp.integration("globex")]))
        log.note(
            MadeUp.report(
                [MadeUp.integration("acme", .failing, problem: "unreachable")], updatedAt: "2026-11-23T20:11:00Z"))
        #expect(log.entries.count == 1 && log.entries[0].until == nil)
        log.note(
            MadeUp.report(
                [MadeUp.integration("acme", .failing, problem: "forbidden")], updatedAt: "2026-11-23T20:12:00Z"))
        log.note(MadeUp.report([MadeUp.integration("acme")], updatedAt: "2026-11-23T20:13:00Z"))
        #expect(log.entries.map(\.kind) == ["forbidden", "unreachable"])
        #expect(log.entries.map(\.until) == ["2026-11-23T20:13:00Z", "2026-11-23T20:12:00Z"])
    }

    @Test("the repeated problems of a thousand integrations stay within the limit")
    func manyTroubles() {
        var log = TroubleLog()
        for round in 0..<20 {
            let state: StatusReport.State = round % 2 == 0 ? .failing : .live
            log.note(
                MadeUp.report(
                    (0..<1000).map {
                        MadeUp.integration("org\($0)", state, problem: round % 2 == 0 ? "unreachable" : nil)
                    }))
            #expect(log.entries.count <= TroubleLog.capacity)
        }
        #expect(log.entries.allSatisfy { $0.until != nil })
    }

    @Test("the documents are valid JSON, whatever the names contain")
    func documents() throws {
        let name = "/etc/tributary/conf.d/\"x\".yaml\n<script>"
        var history = RateHistory()
        history.sample([(name, 5, nil)])
        history.sample([(name, 9, 3)])
        let object = try JSONSerialization.jsonObject(with: Data(StatusDocuments.history(history, TroubleLog())))
        let integrations = try #require((object as? [String: Any])?["integrations"] as? [String: [String: [Any]]])
        #expect(integrations[name]?["events"] as? [Int] == [0, 4])
        #expect(integrations[name]?["lag"]?[0] is NSNull)
        let status = StatusDocuments.status(Snapshot(report: MadeUp.report([MadeUp.integration(name)]), isReady: true))
        #expect(try StatusReport(decoding: Data(status)).integrations.map(\.name) == [name])
    }
}

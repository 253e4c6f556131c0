import Collector
import Foundation
import Testing

@testable import Monitoring

@Suite("The history of the status page")
struct HistoryTests {
    @Test("after a day, the history has four hours of samples, and the oldest and the newest are correct")
    func bounded() throws {
        var history = RateHistory()
        var seconds = 0
        var events = 1000
        while seconds < 86_400 {
            seconds += history.interval
            // 2 events a second, and 8 events a second in the last ten minutes of the day.
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

    @Test("when the interval doubles, the samples of a steady rate are still equal")
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

    @Test("when two samples are merged, no event is lost or counted twice")
    func merging() throws {
        var history = RateHistory()
        history.sample([("acme", 500, nil)])
        for total in 501...(500 + RateHistory.capacity + 20) { history.sample([("acme", total, 1)]) }
        let series = try #require(history.series["acme"])
        #expect(history.interval == 2 * RateHistory.firstInterval)
        #expect(
            series.events.reduce(0, +) == UInt32(RateHistory.capacity + 20),
            "events before the first sample are not counted")
    }

    @Test("a sample has the longest lag of its interval, or no lag before the org's first answer")
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

    @Test(
        "the samples of a removed integration are dropped, and those of a new integration have the same times as the others"
    )
    func changing() {
        var history = RateHistory()
        for number in 0..<50 { history.sample([("acme", number, 1), ("old", number, 1)]) }
        for number in 50..<400 { history.sample([("acme", number, 1), ("new", number, 1)]) }
        #expect(history.series.keys.sorted() == ["acme", "new"])
        #expect(history.series["new"]?.events.suffix(60) == history.series["acme"]?.events.suffix(60))
    }

    @Test("however many reports contain a problem, the history has one entry with its beginning and its end")
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

    @Test("the history has no more problems than its limit, even if a thousand integrations have problems repeatedly")
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

    @Test("the JSON of the history and the status is valid, whatever the names of integrations contain")
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

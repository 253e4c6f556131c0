import Testing

@testable import OCSF

@Suite("published") struct PublishedTimeTests {
    @Test(
        "the time in `published` is read in each of its forms",
        arguments: [
            ("2026-11-23T20:09:19.123Z", 1_795_464_559_123, true),
            ("2026-11-23T20:09:19Z", 1_795_464_559_000, true),
            ("2026-11-23t20:09:19.1z", 1_795_464_559_100, true),
            ("2026-11-23T20:09:19.123456789Z", 1_795_464_559_123, true),
            ("2026-11-23T21:09:19.123+01:00", 1_795_464_559_123, true),
            ("2026-11-23T14:39:19-05:30", 1_795_464_559_000, true),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000, true),
            ("2022-03-22 14:21:53.225", 1_647_958_913_225, false),
            ("1999-12-31T23:59:60Z", 946_684_800_000, true),
            ("2026-11-23T20:09:19+0000", 1_795_464_559_000, true),
            ("2026-11-23T21:09:19.123+0100", 1_795_464_559_123, true),
            ("2026-11-23T14:39:19-0530", 1_795_464_559_000, true),
            ("2026-11-23T21:09:19+01", 1_795_464_559_000, true),
            ("2026-11-23T20:09:19,123Z", 1_795_464_559_123, true),
            ("2026-11-23T20:09Z", 1_795_464_540_000, true),
            ("20261123T200919Z", 1_795_464_559_000, true),
            ("20261123T200919.123+0000", 1_795_464_559_123, true),
            ("20261123T2009Z", 1_795_464_540_000, true),
            ("2026-327T20:09:19Z", 1_795_464_559_000, true),
            ("2026327T200919Z", 1_795_464_559_000, true),
            ("2026-W48-1T20:09:19Z", 1_795_464_559_000, true),
            ("2026W481T200919Z", 1_795_464_559_000, true),
            ("2026-11-22T24:00:00Z", 1_795_392_000_000, true),
            ("2026-11-23T00:00:00Z", 1_795_392_000_000, true),
        ] as [(String, Int64, Bool)])
    func readable(text: String, milliseconds: Int64, hasZone: Bool) throws {
        let time = try #require(try withText(text) { PublishedTime($0) })
        #expect(time.milliseconds == milliseconds)
        #expect(time.hasZone == hasZone)
    }

    @Test(
        "a text that is not a time is refused as the value of `published`",
        arguments: [
            "", "today", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-04-31T00:00:00Z",
            "2026-11-23T24:00:01Z", "2026-11-23T25:00:00Z", "2026-11-23T20:60:00Z", "2026-11-23T20:09:61Z",
            "2026-11-23T20Z", "2026-11-23T20:0919Z", "2026-1123T20:09:19Z", "202611-23T20:09:19Z", "2026-366T00:00:00Z",
            "2026-000T00:00:00Z", "2026-W54-1T00:00:00Z", "2025-W53-1T00:00:00Z", "2026-W00-1T00:00:00Z",
            "2026-W48-8T00:00:00Z", "2026-W481T00:00:00Z", "2026-11-23T20:09:19+01:0", "2026-11-23T20:09:19+", "+",
            "2026-11-23T20:09:19.Z", "2026-11-23T20:09:19+1:00", "2026-11-23T20:09:19+25:00", "2026-11-23T20:09:19Zx",
            "2026-11-23", "1790000000000", "1970-01-01T00:00:00Z", "23/11/2026 20:09:19", "11-23-2026T20:09:19Z",
            "２０２６-11-23T20:09:19Z",
        ])
    func unreadable(text: String) throws {
        #expect(try withText(text) { PublishedTime($0) } == nil)
    }

    @Test(
        "time_dt and time are the same point in time",
        arguments: [100_000_000_000, 951_782_400_000, 1_709_251_199_999, 99_999_999_999_999] as [Int64])
    func rendered(milliseconds: Int64) throws {
        var writer = RecordWriter()
        writer.dateTime(milliseconds)
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text.count == 24)
        #expect(try withText(text) { PublishedTime($0) }?.milliseconds == milliseconds)
    }
}

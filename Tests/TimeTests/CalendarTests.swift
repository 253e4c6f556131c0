import Testing

@testable import Time

@Suite("The calendar")
struct CalendarTests {
    @Test(
        "a time has the right date and time of day; a time outside the years 0 to 9999 becomes the nearest one inside",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_795_464_930_123, "2026-11-23T20:15:30.123Z"), (Int64.max, "9999-12-31T23:59:59.999Z"),
            (Int64.min, "0000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func civilTime(_ milliseconds: Int64, _ text: String) {
        let time = CivilTime(milliseconds: milliseconds)
        #expect(time.rfc3339 == text)
        #expect(time.rfc3339Seconds == text.prefix(19) + "Z")
        if (-62_167_219_200_000...253_402_300_799_999).contains(milliseconds) {
            #expect(CivilTime.milliseconds(compact: time.compact) == milliseconds)
        }
    }

    @Test(
        "an RFC 3339 time is read correctly, whatever its offset and fraction",
        arguments: [
            ("2026-11-23T20:15:30.123Z", 1_795_464_930_123), ("2026-11-23T20:15:30Z", 1_795_464_930_000),
            ("2026-11-23t21:45:30.1234567+01:30", 1_795_464_930_123),
            ("2026-11-23 15:15:30.1-05:00", 1_795_464_930_100),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("1970-01-01T00:00:00Z", 0),
        ] as [(String, Int64)])
    func internetTime(_ text: String, _ milliseconds: Int64) {
        #expect(CivilTime.milliseconds(rfc3339: text) == milliseconds)
    }

    @Test(
        "a text that is not an RFC 3339 time is refused",
        arguments: [
            "", "2026-11-23", "2026-11-23T20:15:30", "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z",
            "2026-11-23T20:15:30.Z", "2026-11-23T20:15:30+0100", "2026-11-23T20:15:30Zjunk", "1969-12-31T23:59:59Z",
            "+026-11-23T20:15:30Z", "2026-11-23T20:15:30+24:00", "2026/11/23T20:15:30Z",
        ])
    func noInternetTime(text: String) {
        #expect(CivilTime.milliseconds(rfc3339: text) == nil)
    }

    @Test("consecutive day numbers are consecutive dates, and each date is converted back to its number")
    func days() throws {
        var last = CivilDate(daysSince1970: -719_529)
        for number in -719_528...2_932_896 {
            let date = CivilDate(daysSince1970: number)
            #expect(date.daysSince1970 == number)
            let isNext =
                date.month == last.month
                ? date.day == last.day + 1
                : date.day == 1 && last.day == CivilDate.days(inMonth: last.month, of: last.year)
                    && (date.month == last.month + 1
                        || date.month == 1 && last.month == 12 && date.year == last.year + 1)
            try #require(isNext, "\(last) is followed by \(date)")
            last = date
        }
    }

    @Test("a date that does not exist is refused")
    func noDays() {
        for (year, month, day) in [
            (2026, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0),
        ] {
            #expect(CivilDate(year: year, month: month, day: day) == nil)
        }
        #expect(CivilDate(year: 2000, month: 2, day: 29)?.description == "2000-02-29")
    }

    @Test(
        "a text that is not a compact time is refused",
        arguments: ["", "20261123T201530123", "20261323T201530123Z", "20260229T201530123Z", "2026112xT201530123Z"])
    func noCompact(text: String) {
        #expect(CivilTime.milliseconds(compact: text) == nil)
    }

    @Test(
        "a valid HTTP date is read correctly, and an invalid one is refused",
        arguments: [
            ("Thu, 25 Dec 2025 18:54:54 GMT", "2025-12-25T18:54:54.000Z"),
            ("Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00.000Z"),
            ("Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59.000Z"),
            ("Thu, 31 Feb 2024 00:00:00 GMT", nil), ("Thu, 25 Dec 2025 24:00:00 GMT", nil), ("yesterday", nil),
        ] as [(String, String?)])
    func httpDate(text: String, time: String?) {
        #expect(UTCTime(httpDate: text)?.rfc3339 == time)
    }
}

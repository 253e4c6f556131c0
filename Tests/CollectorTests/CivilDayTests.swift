import Testing

@testable import Collector

@Suite("The UTC day of an event")
struct CivilDayTests {
    @Test(
        "the UTC day of a time is correct, also before 1970 and around leap days",
        arguments: [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (86_399_999, "1970-01-01"),
            (86_400_000, "1970-01-02"),
            (951_782_400_000, "2000-02-29"),
            (951_868_800_000, "2000-03-01"),
            (4_107_542_400_000, "2100-03-01"),
            (1_795_464_311_123, "2026-11-23"),
        ] as [(Int64, String)])
    func day(time: Int64, text: String) {
        #expect(CivilDay(of: time).text == text)
    }
}

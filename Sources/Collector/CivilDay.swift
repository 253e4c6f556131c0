/// A day of the UTC calendar, counted from 1970-01-01; the partition of the spool in which an event belongs.
struct CivilDay: Hashable {
    static let milliseconds: Int64 = 86_400_000

    let number: Int64

    /// The day of a time in milliseconds since 1970, also before it.
    init(of time: Int64) {
        number = time >= 0 ? time / Self.milliseconds : (time + 1) / Self.milliseconds - 1
    }

    /// `2026-11-23`, in the proleptic Gregorian calendar.
    ///
    /// Counting in 400-year eras that begin on 1 March puts the leap day last in its year.
    var text: String {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

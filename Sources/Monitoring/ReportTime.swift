import Time

/// Converts the times of a report to seconds since 1970.
enum ReportTime {
    /// Converts a time such as `2026-11-23T20:05:11Z`; nil if the text is not RFC 3339.
    static func seconds(_ text: String) -> Double? {
        CivilTime.milliseconds(rfc3339: text).map { Double($0) / 1000 }
    }

    /// The end of a day in UTC that is written as `2026-11-23`.
    static func endOfDay(_ day: String) -> Double? { seconds("\(day)T00:00:00Z").map { $0 + 86_400 } }
}

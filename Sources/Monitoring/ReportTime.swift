import Time

/// Converts the times of a report to seconds since 1970.
enum ReportTime {
    /// Converts a time such as `2026-11-23T20:05:11Z`; nil if the text is not RFC 3339.
    static func seconds(_ text: String) -> Double? {
        CivilTime.milliseconds(rfc3339: text).map { Double($0) / 1000 }
    }

    /// The time at which a UTC day, such as `2026-11-23`, ends.
    static func endOfDay(_ day: String) -> Double? { seconds("\(day)T00:00:00Z").map { $0 + 86_400 } }
}

import Time

/// Times of a report as seconds since 1970.
enum ReportTime {
    /// Of `2026-11-23T20:05:11Z`; nil for anything that is not RFC 3339.
    static func seconds(_ text: String) -> Double? {
        CivilTime.milliseconds(rfc3339: text).map { Double($0) / 1000 }
    }

    /// The end of the day `2026-11-23`.
    static func endOfDay(_ day: String) -> Double? { seconds("\(day)T00:00:00Z").map { $0 + 86_400 } }
}

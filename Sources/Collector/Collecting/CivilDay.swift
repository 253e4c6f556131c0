import Time

/// A day of the UTC calendar, counted from 1970-01-01. The spool's partitions are by class and by the day of the events.
struct CivilDay: Hashable {
    private static let milliseconds: Int64 = 86_400_000

    private let number: Int64

    /// The day of a time in milliseconds since 1970, which may be negative.
    init(of time: Int64) {
        number = time >= 0 ? time / Self.milliseconds : (time + 1) / Self.milliseconds - 1
    }

    /// `2026-11-23`.
    var text: String { CivilTime(milliseconds: number * Self.milliseconds).date.description }
}

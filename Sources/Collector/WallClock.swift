import Time

/// The wall clock, and the form that times have in reports and logs.
package enum WallClock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package static func now() -> Int64 { UTCTime.now().milliseconds }

    /// RFC 3339 in UTC with seconds, such as `2026-11-23T20:05:11Z`.
    package static func text(_ milliseconds: Int64) -> String { CivilTime(milliseconds: milliseconds).rfc3339Seconds }
}

import Glibc

/// A point in time on the UTC scale, in whole milliseconds since 1970-01-01T00:00:00Z.
package struct UTCTime: Sendable, Hashable, Comparable {
    /// Milliseconds since the epoch.
    package let milliseconds: Int64

    /// Creates a time. The range is that of the years 1 to 9999; other values are clamped.
    package init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, -62_135_596_800_000), 253_402_300_799_999)
    }

    /// The time of the wall clock, which can jump if someone sets it.
    package static func now() -> UTCTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UTCTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Seconds since the epoch, rounded down.
    package var seconds: Int64 { (milliseconds - (milliseconds % 1000 + 1000) % 1000) / 1000 }

    package static func < (left: UTCTime, right: UTCTime) -> Bool { left.milliseconds < right.milliseconds }

    /// RFC 3339 with milliseconds and `Z`: `2026-11-23T20:00:00.000Z`.
    package var rfc3339: String { CivilTime(milliseconds: milliseconds).rfc3339 }

    /// Reads an HTTP date in the only form that is still sent, `Thu, 25 Dec 2025 18:54:54 GMT` (RFC 9110, 5.6.7). `UTC` may replace `GMT`.
    package init?(httpDate: String) {
        let parts = httpDate.utf8.split(separator: UInt8(ascii: " "))
        guard parts.count == 6, parts[5].elementsEqual("GMT".utf8) || parts[5].elementsEqual("UTC".utf8),
            let day = Int(Substring(parts[1])), let year = Int(Substring(parts[3])), (1...9999).contains(year),
            let month = Self.months.firstIndex(where: { $0.utf8.elementsEqual(parts[2].lazy.map { $0 | 0x20 }) }),
            let date = CivilDate(year: year, month: month + 1, day: day)
        else { return nil }
        let clock = parts[4].split(separator: UInt8(ascii: ":")).map { Int(Substring($0)) ?? -1 }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        self.init(
            milliseconds: Int64(
                (date.daysSince1970 * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]) * 1000))
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
}

import OCSF
import Time

@testable import OktaAPI

/// The texts in the answers of a simulated org.
package enum AnswerText {
    /// The JSON of an event. Its uuid ends with the event's number in hexadecimal digits.
    package static func event(_ number: Int, published: Int64) -> String {
        let digits = String(number, radix: 16)
        return """
            {"uuid":"00000000-0000-11f0-8000-\(String(repeating: "0", count: 12 - digits.count))\(digits)",\
            "published":"\(UTCTime(milliseconds: published).rfc3339)","eventType":"user.session.start",\
            "actor":{"id":"00u1","type":"User","alternateId":"ana@corp.example"}}
            """
    }

    /// The number of the event from which this record was made; nil if the line is not a record of a simulated event.
    package static func number(ofRecord line: UnsafeRawBufferPointer) -> Int? {
        recordUID(of: line).flatMap { Int(String(decoding: $0, as: UTF8.self).suffix(12), radix: 16) }
    }

    /// A time as text, in the form of the `Date` header (RFC 9110).
    package static func httpDate(_ milliseconds: Int64) -> String {
        let time = CivilTime(milliseconds: milliseconds)
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        return """
            Thu, \(padded(time.date.day)) \(months[time.date.month - 1]) \(time.date.year) \
            \(padded(time.hour)):\(padded(time.minute)):\(padded(time.second)) GMT
            """
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Converts a text such as `2026-11-18T10:26:40.000Z` to milliseconds since 1970.
    package static func milliseconds(_ text: String) -> Int64 {
        let text = text.replacing("%3A", with: ":")
        let numbers = text.split { !$0.isNumber }.compactMap { Int64($0) }
        guard numbers.count == 7 else { return 0 }
        let (year, month, day) = (numbers[1] <= 2 ? numbers[0] - 1 : numbers[0], numbers[1], numbers[2])
        let days =
            365 * year + year / 4 - year / 100 + year / 400 + (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
            - 719_468
        return ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60_000 + numbers[5] * 1000 + numbers[6]
    }
}

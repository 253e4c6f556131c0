import CSimdjson
import FoundationEssentials

/// Why an event could not become a record.
package enum RejectionReason: String, Sendable, CaseIterable {
    case syntax, notUTF8, controlCharacter, unclosedString, badEscape, loneSurrogate, badNumber, longNumber,
        duplicateKey
    case tooDeep, tooLarge, tooManyValues, notAnObject, notALogEvent, outOfMemory

    init(code: Int) {
        self =
            switch code {
            case TRIBUTARY_JSON_E_UTF8: .notUTF8
            case TRIBUTARY_JSON_E_CONTROL: .controlCharacter
            case TRIBUTARY_JSON_E_UNCLOSED: .unclosedString
            case TRIBUTARY_JSON_E_ESCAPE: .badEscape
            case TRIBUTARY_JSON_E_SURROGATE: .loneSurrogate
            case TRIBUTARY_JSON_E_NUMBER: .badNumber
            case TRIBUTARY_JSON_E_NUMBER_LENGTH: .longNumber
            case TRIBUTARY_JSON_E_DUPLICATE: .duplicateKey
            case TRIBUTARY_JSON_E_DEPTH: .tooDeep
            case TRIBUTARY_JSON_E_SIZE: .tooLarge
            case TRIBUTARY_JSON_E_VALUES: .tooManyValues
            case TRIBUTARY_JSON_E_MEMORY: .outOfMemory
            default: .syntax
            }
    }

    /// What is wrong with the event, for a person: a sentence without a subject, such as "is not JSON".
    package var explanation: String {
        switch self {
        case .syntax: "is not JSON (RFC 8259)"
        case .notUTF8: "contains bytes that are not UTF-8"
        case .controlCharacter: "contains an unescaped control character inside a string"
        case .unclosedString: "ends inside a string"
        case .badEscape: "contains an escape sequence that JSON does not allow"
        case .loneSurrogate: "contains half of a surrogate pair, which represents no character"
        case .badNumber: "contains a number in a form that JSON does not allow"
        case .longNumber: "contains a number of more than \(JSONTape.maximumNumberLength) bytes"
        case .duplicateKey: "contains the same key twice in one object, which different programs may read differently"
        case .tooDeep: "is nested more than \(JSONTape.maximumDepth) levels deep"
        case .tooLarge: "is larger than \(JSONTape.maximumBytes) bytes"
        case .tooManyValues: "contains more than \(JSONTape.maximumValues) values"
        case .notAnObject: "is JSON, but not an object"
        case .notALogEvent: "is not a LogEvent"
        case .outOfMemory: "could not be read because memory ran out"
        }
    }
}

/// Why an event is set aside, and the position of the error in the event.
package struct Rejection: Error, Sendable, Equatable {
    package let reason: RejectionReason
    /// The byte offset of the error in the event; 0 if the error concerns the whole event.
    package let position: Int
    /// What the object is, if the reason is `notALogEvent`.
    package var object: OtherObject?

    /// What is wrong with the event, for a person: a sentence without a subject, such as "is not JSON".
    package var explanation: String { object?.explanation ?? reason.explanation }

    /// The event as one line of JSON, without the line feed, for a file of rejected events: `reason`, `explanation`, `position` in
    /// the event, `offset` of the event in its page, `collected_at` in milliseconds since 1970, and `event` as text, or
    /// `event_base64` if its bytes are not UTF-8.
    package func line(event: UnsafeRawBufferPointer, offset: Int, collectedAt: Int64) -> [UInt8] {
        var line = Array(
            "{\"reason\":\"\(reason.rawValue)\",\"explanation\":\"\(reason.explanation)\",\"position\":\(position),\"offset\":\(offset),\"collected_at\":\(collectedAt),"
                .utf8)
        if String(validating: event, as: UTF8.self) != nil {
            line += "\"event\":\"".utf8
            line += quotedJSON(event)
        } else {
            line += "\"event_base64\":\"".utf8
            line += Data(event).base64EncodedString().utf8
        }
        line += "\"}".utf8
        return line
    }
}

extension Rejection {
    /// The members of a line written by ``line(event:offset:collectedAt:)`` that are read again later.
    private struct Line: Decodable {
        var event: String?
        var event_base64: Data?
        var collected_at: Int64
    }

    /// The event's bytes, from a line that ``line(event:offset:collectedAt:)`` wrote; nil for any other text.
    package static func event(ofLine line: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(line)) else { return nil }
        return line.event.map { Array($0.utf8) } ?? line.event_base64.map { Array($0) }
    }

    /// The time of collection in a line that ``line(event:offset:collectedAt:)`` wrote, in milliseconds since 1970; nil for any other text.
    package static func collectedAt(ofLine line: UnsafeRawBufferPointer) -> Int64? {
        (try? JSONDecoder().decode(Line.self, from: Data(line)))?.collected_at
    }
}

/// The inside of a JSON string that represents `bytes`, which must be UTF-8.
func quotedJSON(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return [] }
    return [UInt8](unsafeUninitializedCapacity: 6 * bytes.count + 16) { buffer, count in
        guard let out = buffer.baseAddress else { return }
        count = tributary_json_quote(start, bytes.count, out)
    }
}

import Foundation

/// An event from a file or a test. The event is served byte for byte.
struct RecordedEvent: Sendable {
    let bytes: [UInt8]
    /// Milliseconds since 1970; nil if the event has no readable `published`.
    let published: Int64?
    let attributes: [String: String]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let object = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] ?? [:]
        var found: [String: String] = [:]
        for path in SCIMFilter.attributes {
            var value: Any? = object
            for part in path.split(separator: ".") { value = (value as? [String: Any])?[String(part)] }
            if let text = value as? String { found[path] = text }
        }
        attributes = found
        published = (object["published"] as? String).flatMap { Instant.parse($0) }
    }
}

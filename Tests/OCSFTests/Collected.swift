import Foundation
import Testing

@testable import OCSF

/// Collects everything that a normalizer passes on.
struct Collected: RecordSink {
    var records: [(text: String, head: RecordHead)] = []
    var rejections: [(event: [UInt8], rejection: Rejection, offset: Int)] = []

    mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) {
        records.append((String(decoding: bytes, as: UTF8.self), head))
    }

    mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) {
        rejections.append((Array(event), rejection, offset))
    }
}

/// The time at which the events of these tests are collected: 2026-09-21T13:33:20Z.
let collectedAt: Int64 = 1_790_000_000_000

let builtInCatalog = Result { try EventCatalog.builtIn() }

/// The source of these tests' events.
let acme = EventSource(orgHost: "acme.okta.com")

func makeNormalizer(
    _ settings: NormalizerSettings = NormalizerSettings(), catalog: EventCatalog? = nil
) throws -> Normalizer {
    try Normalizer(catalog: catalog ?? builtInCatalog.get(), settings: settings)
}

/// The record of one event, and the rejected events.
func normalize(_ event: [UInt8], _ settings: NormalizerSettings = NormalizerSettings()) throws -> Collected {
    let normalizer = try makeNormalizer(settings)
    var sink = Collected()
    event.withUnsafeBytes {
        normalizer.normalizeEvent($0, source: acme, offset: 7, collectedAt: collectedAt, into: &sink)
    }
    return sink
}

func record(_ event: String, _ settings: NormalizerSettings = NormalizerSettings()) throws -> JSON {
    let sink = try normalize(Array(event.utf8), settings)
    let text = try #require(sink.records.first?.text, "rejected: \(sink.rejections.map(\.rejection.reason))")
    #expect(!text.contains("\n"))
    return try JSON(text)
}

func page(_ text: String, _ settings: NormalizerSettings = NormalizerSettings()) throws -> Collected {
    let normalizer = try makeNormalizer(settings)
    var sink = Collected()
    let bytes = Array(text.utf8)
    try bytes.withUnsafeBytes { try normalizer.normalizePage($0, source: acme, collectedAt: collectedAt, into: &sink) }
    return sink
}

/// A parsed JSON value with paths as subscripts: `record["actor.user.name"]`, `record["target.0.id"]`.
struct JSON {
    let value: Any

    init(value: Any) { self.value = value }

    init(_ text: String) throws {
        value = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    subscript(path: String) -> Any? {
        var at: Any? = value
        for part in path.split(separator: ".").map(String.init) {
            if let index = Int(part) {
                let list = at as? [Any]
                at = list.flatMap { index < $0.count ? $0[index] : nil }
            } else {
                at = (at as? [String: Any])?[part]
            }
        }
        return at
    }

    func text(_ path: String) -> String? { self[path] as? String }
    func number(_ path: String) -> Int? { self[path] as? Int }
    func texts(_ path: String) -> [String] { self[path] as? [String] ?? [] }

    /// Every value that is neither a container nor null, with its path.
    var leaves: [String: String] {
        var found: [String: String] = [:]
        func walk(_ value: Any, _ path: String) {
            if let object = value as? [String: Any] {
                for (key, child) in object { walk(child, "\(path).\(key)") }
            } else if let list = value as? [Any] {
                for (index, child) in list.enumerated() { walk(child, "\(path).\(index)") }
            } else if !(value is NSNull) {
                found[path] = "\(value)"
            }
        }
        walk(value, "")
        return found
    }
}

func withText<Value>(_ text: String, _ body: (JSONText) throws -> Value) throws -> Value {
    var bytes = Array(text.utf8)
    bytes.append(0)
    return try bytes.withUnsafeBufferPointer { buffer in
        let start = try #require(buffer.baseAddress)
        return try body(JSONText(start: start, count: buffer.count - 1, isEscaped: false))
    }
}

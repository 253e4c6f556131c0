import Foundation
import Testing

@testable import OCSF

/// A store with fixed columns takes the type of a column from the first record that has a value at the path. So the type must be the same in all
/// records.
@Suite("each path of a record has one JSON type") struct ColumnTypeTests {
    /// The JSON types that were found at each path, and for each type the first record that has it.
    struct Columns {
        private(set) var types: [String: [String: String]] = [:]
        let entersUnmapped: Bool
        private let tape: JSONTape

        init(entersUnmapped: Bool) throws {
            self.entersUnmapped = entersUnmapped
            tape = try #require(JSONTape(keys: [], scale: 4))
        }

        mutating func add(_ record: String) throws {
            let bytes = Array(record.utf8)
            try bytes.withUnsafeBytes { buffer in
                let nodes = try tape.parse(buffer).get().nodes
                walk(nodes, nodes, bytes, "", record)
            }
        }

        private mutating func walk(
            _ node: JSONNode, _ nodes: JSONNode, _ bytes: [UInt8], _ path: String, _ record: String
        ) {
            let names = ["null", "boolean", "boolean", "number", "string", "object", "array"]
            let type = names[Int(node.pointee.kind)]
            if types[path, default: [:]][type] == nil { types[path, default: [:]][type] = record }
            guard type == "object" || type == "array", entersUnmapped || path != ".unmapped" else { return }
            let end = nodes + Int(node.pointee.next)
            var child = node + 1
            while child < end {
                let key = String(
                    decoding: bytes[Int(child.pointee.key_start)..<Int(child.pointee.key_end)], as: UTF8.self)
                walk(child, nodes, bytes, type == "array" ? path + "[]" : "\(path).\(key)", record)
                child = nodes + Int(child.pointee.next)
            }
        }

        var polymorphic: [String] {
            types.filter { $0.value.count > 1 }.map { path, types in
                "\(path): \(types.map { "\($0.key) in \($0.value.prefix(120))" }.sorted())"
            }
        }
    }

    static func events() throws -> [String] {
        var random = SeededGenerator(seed: 23)
        let types = try cataloguedTypes()
        var events = try RecordExamples.events().map(\.event) + RecordExamples.others() + NoLossTests.oddShapes
        events += try ValidatorTests.sampleEvents()
        events += try types.map { try SyntheticEvent.make(type: $0, &random) }
        // In the details of a change, Okta writes values of any JSON type, so these events have values of every type.
        let forms = [
            "{\"a\":1}", "{\"a\":\"1\",\"b\":[true]}", "[1,\"2\"]", "\"text\"", "7", "true", "null", "{}",
            "{\"a\":{\"b\":null}}",
        ]
        for from in forms {
            for type in ["policy.rule.update", "user.account.update_profile", "zone.update"] {
                events.append(
                    """
                    {"eventType":"\(type)","uuid":"u","actor":{"id":"a","type":"User"},"version":\(from),"severity":\(from),\
                    "target":[{"id":"x","type":"PolicyRule","changeDetails":{"from":\(from),"to":\(forms[0])}},\
                    {"id":"u","type":"User","alternateId":"a@example.com"}],"odd":\(from),"debugContext":{"debugData":{"odd":\(from)}}}
                    """)
            }
        }
        return events
    }

    @Test(
        "each path outside `unmapped` has one JSON type in all classes, options and versions; with flatten_unmapped, every path has"
    )
    func types() throws {
        let events = try Self.events()
        var outside = try Columns(entersUnmapped: false)
        var everywhere = try Columns(entersUnmapped: true)
        for version in SchemaVersion.allCases {
            for (flatten, others) in [(false, true), (false, false), (true, true), (true, false)] {
                let settings = NormalizerSettings(
                    rawData: others, observables: others, datetime: others, flattenUnmapped: flatten,
                    network: others ? RecordExamples.network : MyNetwork(), schemaVersion: version)
                let normalizer = try makeNormalizer(settings)
                var sink = Collected()
                for event in events {
                    Array(event.utf8).withUnsafeBytes {
                        normalizer.normalizeEvent($0, source: acme, offset: 0, collectedAt: collectedAt, into: &sink)
                    }
                }
                #expect(sink.records.count == events.count)
                for record in sink.records {
                    try outside.add(record.text)
                    if flatten { try everywhere.add(record.text) }
                }
            }
        }
        #expect(outside.types.count > 200)
        #expect(outside.polymorphic.isEmpty, "\(outside.polymorphic.joined(separator: "\n"))")
        #expect(everywhere.polymorphic.isEmpty, "\(everywhere.polymorphic.joined(separator: "\n"))")
        print(
            "\(outside.types.count) paths outside unmapped, \(everywhere.types.count) with flatten_unmapped, one type each"
        )
    }
}

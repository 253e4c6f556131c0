import Foundation
import Testing

@testable import OCSF

@Suite("Reading a record back to its original event") struct RecordReaderTests {
    private func read(_ line: String) throws -> (content: String, event: [UInt8]?) {
        let reader = try #require(RecordReader())
        return Array(line.utf8).withUnsafeBytes { bytes in
            switch reader.read(bytes) {
            case .event(let event): ("event", Array(event.event))
            case .noRawData: ("no raw data", nil)
            case .unreadable(let reason): (reason, nil)
            }
        }
    }

    @Test(
        "for each version of OCSF, the event that is read from a record has the original bytes",
        arguments: SchemaVersion.allCases)
    func events(version: SchemaVersion) throws {
        var random = SeededGenerator(seed: 31)
        let events =
            try NoLossTests.oddShapes + ValidatorTests.sampleEvents() + RecordExamples.others()
            + cataloguedTypes().prefix(200).map { try SyntheticEvent.make(type: $0, &random) } + [
                "{\"uuid\":\"u\",\"x\":\"\\b\\f\\n\\r\\t\\/\\\\\\\"\\u0001\\u00e9\\ud83d\\ude00é😀\"}",
                " {\t\"uuid\":\"u\"\r\n}\n",
            ]
        let reader = try #require(RecordReader())
        for event in events {
            let sink = try normalize(Array(event.utf8), NormalizerSettings(schemaVersion: version))
            let made = try #require(sink.records.first, "\(event)")
            let trimmed = event.trimmingCharacters(in: .whitespacesAndNewlines)
            Array(made.text.utf8).withUnsafeBytes { bytes in
                guard case .event(let found) = reader.read(bytes) else {
                    Issue.record("not read: \(made.text)")
                    return
                }
                #expect(String(decoding: found.event, as: UTF8.self).contains(trimmed))
                #expect(found.time == made.head.time)
                #expect(
                    found.uid.map { String(decoding: $0, as: UTF8.self) }
                        == String(made.text.utf8.dropFirst(made.head.uid.lowerBound).prefix(made.head.uid.count)))
                #expect(found.tenant.map { String(decoding: $0, as: UTF8.self) } == "acme.okta.com")
            }
        }
    }

    @Test("the event that is read from a rejected line has the original bytes, even if they are not UTF-8")
    func rejected() throws {
        for event in [Array("{\"a\":1,\"a\":2}".utf8), Array("[\"é\\n\"]\n".utf8), [0x7B, 0xFF, 0x00, 0x7D]] {
            let line = event.withUnsafeBytes {
                Rejection(reason: .syntax, position: 1).line(event: $0, offset: 9, collectedAt: 1_790_000_000_000)
            }
            #expect(try read(String(decoding: line, as: UTF8.self)).event == event)
        }
    }

    @Test("a record without raw_data is distinguished from a line that is not a record")
    func others() throws {
        let bare = try normalize(Array(try signIn().utf8), NormalizerSettings(rawData: false)).records.first
        #expect(try read(try #require(bare).text).content == "no raw data")
        #expect(try read("{\"metadata\":{}}").content == "the line lacks metadata.uid or time, so it is not a record")
        #expect(try read("nonsense").content == "the line is not JSON (RFC 8259)")
        #expect(try read("[1]").content == "the line is not an object")
        let cut = "{\"metadata\":{\"uid\":\"a\"},\"time\":1,\"raw_data\":\"{}\",\"raw_data_size\":3}"
        #expect(try read(cut).content == "raw_data has 2 bytes, but raw_data_size says 3")
    }
}

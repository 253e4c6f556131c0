import Foundation
import Testing

@testable import OCSF

@Suite("Records that a detection can rely on") struct RecordCaseTests {
    @Test("no record repeats a mistake of an earlier version", arguments: recordCases)
    func holds(_ example: RecordCase) throws {
        for event in example.events {
            let text = try normalizedText(event, example.settings)
            #expect(example.holds(try JSON(text)), "\(text)")
        }
    }

    @Test("the record is valid", .enabled(if: shared != nil))
    func valid() throws {
        let records = try recordCases.flatMap { example in
            try example.events.map { try normalizedText($0, example.settings) }
        }
        try ValidatorTests.validate(records: records)
    }

    private func normalizedText(_ event: String, _ settings: NormalizerSettings) throws -> String {
        let sink = try normalize(Array(event.utf8), settings)
        return try #require(sink.records.first?.text, "\(event) rejected: \(sink.rejections.map(\.rejection.reason))")
    }
}

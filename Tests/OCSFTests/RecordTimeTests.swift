import Testing

@testable import OCSF

@Suite("A record's time, read without parsing it")
struct RecordTimeTests {
    @Test(
        "the time is found after `metadata`, whatever the strings in `metadata` contain",
        arguments: [
            ("{\"metadata\":{\"uid\":\"a\"},\"time\":1795464559123,\"x\":1}", 1_795_464_559_123),
            ("{\"metadata\":{\"uid\":\"}\\\"{\\\\\",\"product\":{\"a\":[{}]}},\"time\":0}", 0),
            ("{\"metadata\":{\"uid\":\"a\"},\"other\":{\"time\":3}}", nil),
            ("{\"metadata\":{\"uid\":\"a\"},\"time\":\"3\"}", nil), ("{\"metadata\":{\"uid\":\"a\\", nil),
            ("{\"metadata\":{}", nil), ("{\"metadata\":{},\"time\":", nil), ("", nil),
            ("{\"reason\":\"x\",\"time\":3}", nil),
            ("{\"metadata\":{},\"time\":1234567890123456789}", nil),
        ] as [(String, Int64?)])
    func found(_ text: String, _ time: Int64?) {
        #expect(Array(text.utf8).withUnsafeBytes(recordTime) == time)
    }

    @Test("the time that is found without parsing equals the time in the parsed record")
    func ofRecords() throws {
        let normalizer = try makeNormalizer(NormalizerSettings(network: RecordExamples.network))
        let source = EventSource(orgHost: "acme.okta.com", logURL: "https://acme.okta.com/api/v1/logs")
        for (kind, event) in try RecordExamples.events() {
            var sink = Collected()
            Array(event.utf8).withUnsafeBytes {
                normalizer.normalizeEvent($0, source: source, offset: 0, collectedAt: collectedAt, into: &sink)
            }
            let made = try #require(sink.records.first)
            #expect(Array(made.text.utf8).withUnsafeBytes(recordTime) == made.head.time, "\(kind)")
        }
    }
}

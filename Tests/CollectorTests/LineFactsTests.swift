import Spool
import Testing

@testable import Collector
@testable import OCSF

@Suite("The identity of an event from a line of the spool")
struct LineFactsTests {
    @Test(
        "the identity of a rejected event can be computed from its line, whatever bytes the event has",
        arguments: [
            Array("{\"uuid\":\"a\\u0000\",\"x\":1,\"x\":2}".utf8), Array("{\"text\":\"é € 😀 \u{2028}\"".utf8),
            [0x7B, 0xFF, 0xFE, 0x0A, 0x22, 0x5C], Array("\u{FEFF}[1,]".utf8),
        ])
    func rejected(_ event: [UInt8]) throws {
        let digest = try #require(SHA256Digest())
        let rejection = Rejection(reason: .syntax, position: 0)
        let line = event.withUnsafeBytes { rejection.line(event: $0, offset: 3, collectedAt: 1_795_420_800_000) }
        let facts = LineFacts(digest)
        line.withUnsafeBytes { bytes in
            #expect(facts.identity(bytes, .rejected) == event.withUnsafeBytes { EventIdentity.of(bytes: $0, digest) })
            #expect(facts.time(bytes, .rejected) == 1_795_420_800_000)
            #expect(facts.identity(bytes, .records) == nil)
        }
    }

    @Test("the identity of a record is computed from its uid; a line that is not a record has no identity")
    func record() throws {
        let digest = try #require(SHA256Digest())
        let facts = LineFacts(digest)
        let uid = Array("5c1f6c2e-1111-11f1-9a3b-0242ac120002".utf8)
        let line = Array(
            "{\"metadata\":{\"uid\":\"5c1f6c2e-1111-11f1-9a3b-0242ac120002\",\"version\":\"1.5.0\"},\"time\":17}".utf8)
        line.withUnsafeBytes { bytes in
            #expect(facts.identity(bytes, .records) == uid.withUnsafeBytes { EventIdentity.of(uid: $0, digest) })
            #expect(facts.time(bytes, .records) == 17)
            #expect(facts.schema(bytes, .records) == "ocsf/1.5.0")
            #expect(facts.schema(bytes, .rejected) == nil)
            #expect(facts.identity(bytes, .rejected) == nil)
        }
    }
}

import Foundation
import Logging
import Spool
import Testing

@testable import Fleet

@Suite("the verifier of a fleet's bucket")
struct FleetVerifierTests {
    private func verify(cursor: String) async throws -> VerifyResult {
        let bucket = ModelBucket()
        let seals = SealLog(
            try bucket.client().0, encryption: nil, host: "a",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let spool = FleetSpool(format: FleetSpool.format, spoolID: "5", fleet: "test")
        bucket.put(FleetKey.spool, String(decoding: try JSONEncoder().encode(spool), as: UTF8.self))
        let name = "response_actions.a"
        let windows = FleetKey.windows(name, 2, "c")
        bucket.put(windows, "windows")
        let seal = SealDecision(
            format: SealDecision.format, integration: name, generation: 2, commit: "c", cursor: cursor,
            sealedAt: "2026-11-26T09:00:00Z", host: "a", token: 0,
            windows: .init(key: windows, bytes: 7, sha256: try FileDigest.sha256(of: Array("windows".utf8))),
            segments: [])
        bucket.put(seal.key, String(decoding: seal.bytes, as: UTF8.self))
        return try await FleetVerifier.verify(SealList(seals), VerifyOptions()) { _ in }
    }

    @Test("verify accepts a place in any form; the response log's places differ from those of the System Log")
    func anySource() async throws {
        #expect(try await verify(cursor: "1:4096").problems == [])
    }

    @Test("verify reports a seal without a place")
    func noPlace() async throws {
        #expect(try await verify(cursor: "").problems.map(\.kind) == [.damagedSeal])
    }
}

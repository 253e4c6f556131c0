import Foundation
import Testing

@testable import Delivery

@Suite("Parquet files for a bucket", .timeLimit(.minutes(2)))
struct ParquetDeliveryTests {
    /// Writes a shell script that replaces `export-parquet` in a test. Returns its path.
    private static func helper(_ script: String, in home: String) throws -> String {
        let path = home + "/helper"
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// A script that writes the requested files.
    private static let good = """
        echo '{"ready":"1"}'
        echo started >>"$(dirname "$0")/starts"
        while read -r header && read -r record; do
            target=${header#*\\"target\\":\\"}; target=${target%%\\"*}
            printf '%s' "$record" >"$target"
            echo '{"rows":1}'
        done
        """

    private static func segment(_ spool: SealedSpool) throws -> DeliverySegment {
        let path = try #require(try spool.paths()[1])
        return DeliverySegment(
            sequence: 1, path: path, spool: spool.directory, className: "authentication", date: "2026-11-23",
            records: 1,
            bytes: 1, sha256: "aa")
    }

    @Test("the name of an object is derived from its segment, in Security Lake's layout or from the segment's path")
    func names() {
        let segment = DeliverySegment(
            sequence: 1, path: "integration=acme/class=authentication/date=2026-11-23/20261123T2015Z-5be0.ndjson.zst",
            spool: "/s", className: "authentication", date: "2026-11-23", bytes: 1, sha256: "aa")
        let lake = SecurityLakeLayout(region: "eu-central-1", account: "111122223333", source: "okta")
        #expect(
            ParquetForm(python: "/p", layout: lake).path(of: segment)
                == "okta-authentication/region=eu-central-1/accountId=111122223333/eventDay=20261123/20261123T2015Z-5be0.parquet"
        )
        #expect(
            ParquetForm(python: "/p", layout: nil).path(of: segment)
                == "integration=acme/class=authentication/date=2026-11-23/20261123T2015Z-5be0.parquet")
    }

    @Test("an existing object is recognized if it was made from the same segment, even if its bytes differ")
    func existing() {
        let object = S3Object(path: "p", bytes: 5, sha256: "new", segmentSHA256: "aa")
        func look(_ sha256: String) -> S3Existing {
            S3Existing(
                .init(
                    status: 200,
                    headers: .init([
                        .init("Content-Length", "6"), .init("x-amz-meta-sha256", "old"),
                        .init("x-amz-meta-segment-sha256", sha256),
                    ])), of: object)
        }
        #expect(look("aa") == .own)
        #expect(look("bb") == .foreign)
    }

    @Test("one helper process makes all Parquet files")
    func converts() async throws {
        let spool = try SealedSpool(segments: 1)
        let script = try Self.helper(Self.good, in: spool.home)
        let converter = ParquetConverter(python: "/bin/bash", script: script)
        for _ in 0..<2 {
            let (upload, sha256) = try await converter.convert(try Self.segment(spool))
            #expect(upload.bytes == Int64("{\"number\":1}".utf8.count))
            #expect(sha256.count == 64)
        }
        #expect(try String(contentsOfFile: spool.home + "/starts", encoding: .utf8) == "started\n")
    }

    @Test("the files of killed deliveries are removed when the next file is made; files of running deliveries are kept")
    func leftovers() async throws {
        let spool = try SealedSpool(segments: 1)
        let left = "\(TemporaryDirectory.standard)/\(ParquetConverter.prefix)left-\(UUID())"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: false)
        try Data(count: 100).write(to: URL(fileURLWithPath: left + "/segment.parquet"))
        let other = try TemporaryDirectory(prefix: ParquetConverter.prefix)
        let used = other.path + "/segment.parquet"
        try Data(count: 100).write(to: URL(fileURLWithPath: used))
        let converter = ParquetConverter(python: "/bin/bash", script: try Self.helper(Self.good, in: spool.home))
        _ = try await converter.convert(try Self.segment(spool))
        #expect(!FileManager.default.fileExists(atPath: left))
        #expect(FileManager.default.fileExists(atPath: used))
    }

    @Test(
        "a process removes its temporary directory when it ends, and notices if something else has removed it")
    func ownDirectory() async throws {
        let spool = try SealedSpool(segments: 1)
        let above = spool.home + "/above"
        try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: false)
        func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: above) }
        do {
            let first = try TemporaryDirectory(prefix: "x-", above: above)
            let second = try TemporaryDirectory(prefix: "x-", above: above)
            #expect(try names().count == 2 && first.exists && second.exists)
            try FileManager.default.removeItem(atPath: second.path)
            #expect(!second.exists)
        }
        #expect(try names().isEmpty)
    }

    static let broken: [(script: String, says: String)] = [
        ("exit 69", "Python has no pyarrow"),
        ("exit 3", "ended with status 3"),
        ("echo '{\"ready\":\"1\"}'; read -r a; read -r b; exit 74", "can't be written"),
        ("echo '{\"ready\":\"1\"}'; read -r a; read -r b; echo '{\"rows\":0}'; cat", "wrote only 0 of 1 records"),
    ]

    @Test(
        "if the helper fails, its message is reported, and it is started again for the next attempt",
        arguments: 0..<broken.count)
    func fails(_ row: Int) async throws {
        let spool = try SealedSpool(segments: 1)
        let converter = ParquetConverter(
            python: "/bin/bash", script: try Self.helper(Self.broken[row].script, in: spool.home))
        for _ in 0..<2 {
            do {
                _ = try await converter.convert(try Self.segment(spool))
                Issue.record("the segment was converted although the helper fails")
            } catch ParquetConverter.Failure.notYet(let trouble) {
                #expect(trouble.message.contains(Self.broken[row].says))
            }
        }
    }

    @Test("if the helper hangs at its start, it is ended after its time limit", .timeLimit(.minutes(1)))
    func hangingStart() async throws {
        let script = FileManager.default.temporaryDirectory.appending(path: "hanging-\(UUID()).py")
        try Data("import time\ntime.sleep(1000)\n".utf8).write(to: script)
        defer { try? FileManager.default.removeItem(at: script) }
        let converter = ParquetConverter(python: "python3", script: script.path, timeout: .milliseconds(500))
        await #expect(throws: ParquetConverter.Failure.self) { try await converter.check() }
    }

    @Test("if the helper hangs, it is ended after its time limit or when the delivery is stopped")
    func hangs() async throws {
        let spool = try SealedSpool(segments: 1)
        let script = try Self.helper("echo '{\"ready\":\"1\"}'; exec sleep 1000", in: spool.home)
        let segment = try Self.segment(spool)
        // The shorter time limit ends while the helper is being started.
        for limit in [Duration.zero, .milliseconds(300)] {
            let brief = ParquetConverter(python: "/bin/bash", script: script, timeout: limit)
            await #expect(throws: ParquetConverter.Failure.self) { _ = try await brief.convert(segment) }
        }
        let long = ParquetConverter(python: "/bin/bash", script: script)
        let task = Task { try await long.convert(segment) }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        await #expect(throws: ParquetConverter.Failure.self) { _ = try await task.value }
    }
}

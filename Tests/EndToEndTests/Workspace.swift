import Foundation
import OktaSimulator
import Testing

/// A directory of one test's own, with a configuration in it, removed at the end.
final class Workspace {
    let root: URL

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: root)
    }

    func path(_ name: String) -> String { root.appending(path: name).path }

    var configuration: String { path("tributary.yaml") }
    var spool: String { path("spool") }

    /// Writes a configuration for these orgs, with limits so small that segments roll over all the time.
    ///
    /// - Parameters:
    ///   - orgs: integration name and URL.
    ///   - token: what all of them expect.
    func configure(
        _ orgs: [(name: String, url: String)], token: String, pageSize: Int = 200, pollInterval: String = "1s",
        segmentMaxBytes: String = "256KiB"
    ) throws {
        let secret = path("token")
        try Data((token + "\n").utf8).write(to: URL(fileURLWithPath: secret))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
        var text = """
            state_directory: \(path("state"))
            runtime_directory: \(path("run"))
            spool:
              directory: \(spool)
              segment_max_bytes: \(segmentMaxBytes)
              segment_max_age: 2s
            credentials:
              - name: read
                type: api_token
                permissions: read
                secret_file: \(secret)
            integrations:

            """
        for org in orgs {
            text += """
                  - name: \(org.name)
                    url: \(org.url)
                    data_ingest:
                      credential: read
                      poll_interval: \(pollInterval)
                      page_size: \(pageSize)
                      start: 7d

                """
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: configuration))
    }

    /// Every `metadata.uid` in the sealed segments, with how often and in how many segments it stands. Read with the system's own
    /// zstd, not with the code under test.
    func sealedUIDs() throws -> (count: [String: Int], segments: [String: Set<String>]) {
        var count: [String: Int] = [:]
        var segments: [String: Set<String>] = [:]
        for file in try segmentFiles() {
            for line in try decompress(file).split(separator: 0x0A) {
                let record = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
                let metadata = try #require(record["metadata"] as? [String: Any])
                let uid = try #require(metadata["uid"] as? String)
                count[uid, default: 0] += 1
                segments[uid, default: []].insert(file)
            }
        }
        return (count, segments)
    }

    /// Paths of the sealed segments: everything a loader would take.
    func segmentFiles() throws -> [String] {
        let all = FileManager.default.enumerator(atPath: spool)?.compactMap { $0 as? String } ?? []
        return all.filter { path in
            path.hasSuffix(".ndjson.zst")
                && !path.split(separator: "/").contains { $0.hasPrefix("_") || $0.hasPrefix(".") }
        }
    }

    private func decompress(_ file: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/zstd")
        process.arguments = ["-dcq", spool + "/" + file]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(file) is no whole zstd file")
        return data
    }
}

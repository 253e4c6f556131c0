import Foundation
import OktaSimulator
import Testing

/// A temporary directory with the configuration of one test. It is removed at the end of the test.
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

    /// The path of an integration's token.
    func tokenFile(_ integration: String) -> String { path("token-\(integration)") }

    /// Replaces a token as tools of operators do: writes a new file and renames it to the old file's name.
    func setToken(_ token: String, of integration: String) throws {
        try Data((token + "\n").utf8).write(to: URL(fileURLWithPath: tokenFile(integration)), options: .atomic)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: tokenFile(integration))
    }

    /// Writes a configuration for these orgs. By default, its limits are so small that segments are sealed often.
    ///
    /// - Parameters:
    ///   - orgs: for each org, the name of its integration and its URL.
    ///   - token: the content of each integration's token file.
    ///   - spool: further lines of the spool's section.
    ///   - network: lines of the network's section.
    ///   - runtime: the name of the runtime directory.
    ///   - file: the name of the configuration file.
    func configure(
        _ orgs: [(name: String, url: String)], token: String, pageSize: Int = 200, pollInterval: String = "1s",
        segmentMaxBytes: String = "256KiB", segmentMaxAge: String = "2s", spool more: [String] = [],
        network: [String] = [],
        state: String = "state", runtime: String = "run", file: String = "tributary.yaml"
    ) throws {
        var lines = [
            "state_directory: \(path(state))", "runtime_directory: \(path(runtime))",
            "spool:", "  directory: \(spool)", "  segment_max_bytes: \(segmentMaxBytes)",
            "  segment_max_age: \(segmentMaxAge)",
        ]
        lines += more.map { "  " + $0 }
        if !network.isEmpty { lines += ["network:"] + network.map { "  " + $0 } }
        lines.append("credentials:")
        for org in orgs {
            try setToken(token, of: org.name)
            lines += [
                "  - name: read-\(org.name)", "    type: api_token", "    permissions: read",
                "    secret_file: \(tokenFile(org.name))",
            ]
        }
        lines.append("integrations:")
        for org in orgs {
            lines += [
                "  - name: \(org.name)", "    url: \(org.url)", "    data_ingest:",
                "      credential: read-\(org.name)",
                "      poll_interval: \(pollInterval)", "      page_size: \(pageSize)", "      start: 7d",
            ]
        }
        let text = lines.joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(file)))
    }

    /// The daemon's log so far.
    var log: String { (try? String(contentsOfFile: path("log"), encoding: .utf8)) ?? "" }

    /// Checks that each event of this org is sealed exactly once, and that the sealed segments have no other records.
    ///
    /// - Parameter extra: the expected number of sealed records that are not in the org's log.
    func expectExactly(
        _ org: SimulatedOrg, of integration: String, extra: Int = 0, _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var sealed: [String: Int] = [:]
        let files = try segmentFiles().filter { $0.hasPrefix("integration=\(integration)/") }
        if !files.isEmpty { try countUIDs(in: try decompress(files), into: &sealed) }
        let expected = Set((0..<org.eventCount).compactMap(org.uuid))
        #expect(
            expected.subtracting(sealed.keys).count == 0, "\(integration): some events of the log are not sealed",
            sourceLocation: sourceLocation)
        #expect(
            Set(sealed.keys).subtracting(expected).count == extra,
            "\(integration): some sealed records are not in the log",
            sourceLocation: sourceLocation)
        #expect(
            sealed.values.count { $0 > 1 } == 0, "\(integration): some events are sealed more than once",
            sourceLocation: sourceLocation)
    }

    /// For every `metadata.uid` in the sealed segments: how many records have it (`count`), and which segments have it (`segments`). Reads the
    /// segments with the system's zstd, and not with the tested code.
    ///
    /// - Parameter integration: the integration whose segments are read; nil for all segments.
    func sealedUIDs(of integration: String? = nil) throws -> (count: [String: Int], segments: [String: Set<String>]) {
        var count: [String: Int] = [:]
        var segments: [String: Set<String>] = [:]
        for file in try segmentFiles()
        where integration == nil || file.hasPrefix("integration=\(integration ?? "")/") {
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

    /// The paths of the sealed segments, relative to the spool.
    func segmentFiles() throws -> [String] {
        let all = FileManager.default.enumerator(atPath: spool)?.compactMap { $0 as? String } ?? []
        return all.filter { path in
            path.hasSuffix(".ndjson.zst")
                && !path.split(separator: "/").contains { $0.hasPrefix("_") || $0.hasPrefix(".") }
        }
    }

    private func countUIDs(in lines: Data, into count: inout [String: Int]) throws {
        for line in lines.split(separator: 0x0A) {
            let record = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            let metadata = try #require(record["metadata"] as? [String: Any])
            count[try #require(metadata["uid"] as? String), default: 0] += 1
        }
    }

    /// The decompressed contents of a file of the spool.
    func decompress(_ file: String) throws -> Data { try decompress([file]) }

    /// The decompressed contents of files of the spool, in sequence.
    func decompress(_ files: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/zstd")
        process.arguments = ["-dcq"] + files.map { spool + "/" + $0 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "a zstd file is incomplete: \(files)")
        return data
    }
}

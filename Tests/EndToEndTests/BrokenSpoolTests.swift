import Collector
import Foundation
import OktaSimulator
import Testing

@Suite("A damaged spool", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct BrokenSpoolTests {
    static let events = 600

    /// The daemon's reaction to the damage.
    private enum Outcome {
        /// The daemon repairs the damage and logs this text. Every event is sealed exactly once.
        case mends(String)
        /// The daemon continues to collect, and every event is sealed exactly once. `spool verify` reports the damage.
        case goesOn(verify: String)
        /// The daemon continues to collect. At least this many records are lost, because they are not collected again. No record is duplicated.
        case goesOnWithout(records: Int)
        /// The integration stops and says why. No request is sent to Okta, and the damaged file is left unchanged.
        case standsStill(String)
        /// The daemon exits with this status and this message.
        case ends(Int32, String)
    }

    private struct Case: Sendable {
        let name: String
        /// True: some of the events are sealed before the damage. False: all events are in the journal.
        let sealed: Bool
        let outcome: Outcome
        let damage: @Sendable (Broken) throws -> Void

        init(
            _ name: String, sealed: Bool = false, _ outcome: Outcome,
            _ damage: @escaping @Sendable (Broken) throws -> Void
        ) {
            self.name = name
            self.sealed = sealed
            self.outcome = outcome
            self.damage = damage
        }
    }

    /// The files that a killed daemon left, and ways to damage them.
    private struct Broken {
        let workspace: Workspace

        var journal: String {
            get throws {
                let directory = workspace.path("state/integrations/acme")
                let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
                return directory + "/" + (try #require(names.last))
            }
        }
        var manifest: String { workspace.spool + "/_manifest.ndjson" }
        var identity: String { workspace.spool + "/_spool.json" }

        func change(_ path: String, _ body: (inout Data) throws -> Void) throws {
            let url = URL(fileURLWithPath: path)
            var data = try Data(contentsOf: url)
            try body(&data)
            try data.write(to: url)
        }

        func flip(_ path: String, at share: Double) throws {
            try change(path) { $0[Int(Double($0.count - 1) * share)] ^= 0x20 }
        }

        func cut(_ path: String, to share: Double) throws {
            try change(path) { $0 = $0.prefix(Int(Double($0.count) * share)) }
        }
    }

    private static let cases: [Case] = [
        Case("a journal that ends within its last frame", .mends("recovered after a crash")) { broken in
            try broken.change(broken.journal) { $0.removeLast(7) }
        },
        Case("a journal cut off in the middle", .mends("recovered after a crash")) { try $0.cut($0.journal, to: 0.5) },
        Case("a journal that ends within its first frame", .mends("recovered after a crash")) {
            try $0.cut($0.journal, to: 0.01)
        },
        Case("a journal without its last byte, after seals", sealed: true, .mends("recovered after a crash")) {
            broken in
            try broken.change(broken.journal) { $0.removeLast(1) }
        },
        Case("other bytes after the journal's last frame", .mends("recovered after a crash")) { broken in
            try broken.change(broken.journal) { $0.append(contentsOf: (0..<5_000).map { UInt8($0 % 251) }) }
        },
        Case("zeros after the journal's last frame", .mends("recovered after a crash")) { broken in
            try broken.change(broken.journal) { $0.append(Data(count: 5_000)) }
        },
        Case("a flipped bit in the first records of a journal", .mends("with a wrong checksum")) {
            try $0.flip($0.journal, at: 0.02)
        },
        Case("a flipped bit in the middle of a journal", .mends("with a wrong checksum")) {
            try $0.flip($0.journal, at: 0.5)
        },
        Case("a flipped bit in the last byte of a journal", .mends("with a wrong checksum")) {
            try $0.flip($0.journal, at: 1)
        },
        Case("a flipped bit in the last byte of a journal, after seals", sealed: true, .mends("with a wrong checksum"))
        {
            try $0.flip($0.journal, at: 1)
        },
        Case("a flipped bit in the journal's header", .standsStill("is damaged")) { broken in
            try broken.change(broken.journal) { $0[20] ^= 1 }
        },
        Case("a flipped bit in the journal's magic number", .standsStill("is damaged")) { broken in
            try broken.change(broken.journal) { $0[0] ^= 1 }
        },
        Case("a journal that ends within its header", sealed: true, .standsStill("is damaged")) { broken in
            try broken.change(broken.journal) { $0 = $0.prefix(40) }
        },
        Case("an empty journal", sealed: true, .standsStill("is damaged")) {
            try $0.change($0.journal) { $0 = Data() }
        },
        Case("a directory where the journal should be", .standsStill("Is a directory")) { broken in
            let journal = try broken.journal
            try FileManager.default.removeItem(atPath: journal)
            try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: false)
        },
        Case("another spool's journal", sealed: true, .standsStill("belongs to spool")) { broken in
            try Data(#"{"format":1,"id":"00112233445566778899aabbccddeeff","created":"2026-11-23T00:00:00Z"}"#.utf8)
                .write(to: URL(fileURLWithPath: broken.identity))
        },
        Case("a missing journal, with nothing sealed", .mends("ready")) {
            try FileManager.default.removeItem(atPath: $0.journal)
        },
        Case("a missing journal, with sealed segments", sealed: true, .mends("was it emptied?")) { broken in
            try FileManager.default.removeItem(atPath: broken.journal)
        },
        Case("a _spool.json that is not JSON", .ends(74, "is damaged")) { try $0.flip($0.identity, at: 0) },
        Case("a _spool.json of a newer format", .ends(74, "install the version that wrote it")) { broken in
            try Data(#"{"format":2,"id":"00112233445566778899aabbccddeeff","created":"2026-11-23T00:00:00Z"}"#.utf8)
                .write(to: URL(fileURLWithPath: broken.identity))
        },
        Case(
            "a manifest that ends within its last line", sealed: true,
            .goesOn(verify: "the manifest has no line for this file")
        ) {
            broken in
            try broken.change(broken.manifest) { $0.removeLast(9) }
        },
        Case("a flipped bit in the first line of the manifest", sealed: true, .goesOn(verify: "does not match")) {
            broken in
            try broken.change(broken.manifest) { $0[30] ^= 1 }
        },
        Case(
            "a flipped bit in the last line of the manifest", sealed: true,
            .goesOn(verify: "the manifest has no line for this file")
        ) {
            broken in
            try broken.change(broken.manifest) { $0[$0.count - 20] ^= 1 }
        },
        Case("a missing manifest", sealed: true, .goesOn(verify: "the manifest has no line for this file")) { broken in
            try FileManager.default.removeItem(atPath: broken.manifest)
        },
        Case(
            "a meaningless file in the staging directory, and a meaningless journal.tmp",
            .mends("recovered after a crash")
        ) {
            let directory = $0.workspace.spool + "/_staging/acme/"
            for path in [directory + "x.ndjson.zst", $0.workspace.path("state/integrations/acme/journal.tmp")] {
                try Data("noise".utf8).write(to: URL(fileURLWithPath: path))
            }
        },
        Case("a segment that was deleted", sealed: true, .goesOnWithout(records: 1)) { broken in
            let segment = try #require(try broken.workspace.segmentFiles().sorted().first)
            try FileManager.default.removeItem(atPath: broken.workspace.spool + "/" + segment)
        },
    ]

    /// The spool of a daemon that was killed at the end of the log. All events are in the journal if `sealed` is false; otherwise, some of them are in
    /// segments.
    private func killed(_ org: SimulatedOrg, sealed: Bool) async throws -> Workspace {
        guard sealed else {
            return try await Workspace.killedBeforeFirstSeal(
                { try configure($0, org, sealed: false) }, onceThereAre: "all events of the log"
            ) {
                let integration = $0.integrations.first
                return integration?.state == .live && integration?.unsealedRecords == Self.events
            }
        }
        let workspace = try Workspace()
        try configure(workspace, org, sealed: true)
        let daemon = try RunningDaemon(workspace)
        // The last page does not cause a seal, so the journal has records even if earlier events are sealed.
        try await daemon.wait(for: "the end of the log, with records in the journal") { report in
            guard let integration = report?.integrations.first else { return false }
            return integration.state == .live && integration.unsealedRecords > 0
        }
        daemon.kill()
        return workspace
    }

    private func configure(_ workspace: Workspace, _ org: SimulatedOrg, sealed: Bool) throws {
        try workspace.configure(
            [("acme", org.url)], token: org.settings.tokens[0], pageSize: 70,
            segmentMaxBytes: sealed ? "900KiB" : "64MiB",
            segmentMaxAge: "1h")
    }

    @Test(
        "damage to the spool's files is repaired or reported, and no event is lost or duplicated unless its segment was deleted",
        .timeLimit(.minutes(20))
    )
    func table() async throws {
        var settings = OrgSettings()
        settings.eventCount = Self.events
        settings.limitPerMinute = 1_000_000
        let org = try await SimulatedOrg.start(settings)
        let templates = [
            false: try await killed(org, sealed: false),
            true: try await killed(org, sealed: true),
        ]
        #expect(try templates[true]?.segmentFiles().isEmpty == false)
        for row in Self.cases {
            let workspace = try Workspace()
            try configure(workspace, org, sealed: row.sealed)
            for directory in ["spool", "state"] {
                try FileManager.default.copyItem(
                    atPath: try #require(templates[row.sealed]).path(directory), toPath: workspace.path(directory))
            }
            try row.damage(Broken(workspace: workspace))
            do {
                try await expect(row, workspace, org)
            } catch {
                Issue.record("\(row.name): \(error)")
            }
        }
        print("broken spools: \(Self.cases.count)")
        await org.stop()
    }

    private func expect(_ row: Case, _ workspace: Workspace, _ org: SimulatedOrg) async throws {
        if case .ends(let status, let words) = row.outcome {
            let ended = try Programs.tributary(["run", "--config", workspace.configuration], in: workspace)
            #expect(ended.status == status, "\(row.name)")
            #expect(ended.errors.contains(words), "\(row.name): \(ended.errors)")
            return
        }
        let expected = Set((0..<Self.events).compactMap(org.uuid))
        let requests = org.stats.requests
        let daemon = try RunningDaemon(workspace)
        if case .standsStill(let words) = row.outcome {
            let before = try snapshot(workspace)
            try await daemon.wait(for: "\(row.name): “\(words)” in the status") { report in
                report?.integrations.first?.problem?.message.contains(words) == true
            }
            let integration = try #require(daemon.status?.integrations.first)
            #expect(!integration.state.isHealthy, "\(row.name)")
            #expect(integration.problem?.remedy.isEmpty == false)
            #expect(workspace.log.contains(words), "\(row.name)")
            #expect(daemon.stop() == 0, "\(row.name)")
            #expect(org.stats.requests == requests, "\(row.name): no request is sent to Okta")
            #expect(try snapshot(workspace) == before, "\(row.name): the files are left unchanged")
            return
        }
        try await daemon.waitUntilLive()
        #expect(daemon.stop() == 0, "\(row.name)")
        var sealed = try workspace.sealedUIDs().count
        let doubled = sealed.values.count { $0 > 1 }
        let lost = expected.subtracting(sealed.keys).count
        let verified = try Programs.tributary(["spool", "verify", "--config", workspace.configuration], in: workspace)
        switch row.outcome {
        case .mends(let words):
            #expect((lost, doubled) == (0, 0), "\(row.name): the numbers of lost and duplicated events")
            #expect(workspace.log.contains(words), "\(row.name): \(workspace.log)")
            #expect(verified.status == 0, "\(row.name): \(verified.output)")
        case .goesOn(let words):
            #expect((lost, doubled) == (0, 0), "\(row.name): the numbers of lost and duplicated events")
            #expect(verified.status == 65 && verified.output.contains(words), "\(row.name): \(verified.output)")
        case .goesOnWithout(let least):
            #expect(lost >= least && doubled == 0, "\(row.name): \(lost) lost, \(doubled) duplicated")
            #expect(
                verified.status == 0 && verified.output.contains("1 segment already deleted"),
                "\(row.name): \(verified.output)")
        case .standsStill, .ends: break
        }
        sealed = sealed.filter { !expected.contains($0.key) }
        #expect(sealed.isEmpty, "\(row.name): the spool has records that are not in the log")
    }

    /// The contents of the journals and sealed segments.
    private func snapshot(_ workspace: Workspace) throws -> [String: Data] {
        let state = workspace.path("state/integrations/acme")
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: state) {
            files[name] = FileManager.default.contents(atPath: state + "/" + name) ?? Data()
        }
        for name in try workspace.segmentFiles() {
            files[name] = FileManager.default.contents(atPath: workspace.spool + "/" + name) ?? Data()
        }
        return files
    }
}

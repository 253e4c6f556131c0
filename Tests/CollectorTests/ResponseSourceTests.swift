import Configuration
import Foundation
import OCSF
import ResponseLog
import Spool
import Systemd
import TestSupport
import Testing

@testable import Collector

@Suite("Records of response actions")
struct ResponseSourceTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString)")
    private var log: String { root.appending(path: "log").path }

    private func worker(_ settings: NormalizerSettings = NormalizerSettings()) throws -> IngestWorker {
        let spool = try Spool(
            SpoolSettings(
                directory: root.appending(path: "spool").path, stateDirectory: root.appending(path: "state").path,
                recordSchema: settings.schemaVersion.name),
            fileSystem: PosixFileSystem(), now: SystemTime().spool)
        return try IngestWorker(
            name: "test", spool: spool, catalog: try EventCatalog.builtIn(), settings: settings)
    }

    /// The entries that the helper writes: one before the call to Okta, and one with the result.
    private static func entries() -> [ResponseEntry] {
        var entries: [ResponseEntry] = []
        for (number, outcome) in ResponseResult.Outcome.allCases.enumerated() {
            for action in ResponseAction.allCases {
                var options = ResponseOptions()
                if action == .addToGroup { (options.groupID, options.groupName) = ("00g1", "Quarantined \"users\"") }
                if action == .clearSessions { options.oauthTokens = true }
                var user = ResponseUser(asked: "mallory")
                if outcome != .refused {
                    (user.id, user.login, user.email) = ("00u1", "mallory@acme.example", "mallory@acme.example")
                }
                var entry = ResponseEntry(
                    id: UUID().uuidString.lowercased(), request: "request-\(number)",
                    time: 1_795_683_600_000 + Int64(entries.count), integration: "acme", org: "acme.okta.com",
                    action: action, command: .contain, user: user, options: options,
                    caseID: #"IR-17 ","version":"9.9.9"#, reason: number == 0 ? "phished\n\u{7}" : nil,
                    actor: ResponseActor(uid: 0, user: "root", loginUID: 1_000, loginUser: "ada"),
                    isDryRun: outcome == .wouldDo, isForced: number == 1, credential: "acme-respond")
                if outcome != .wouldDo { entries.append(entry) }
                entry.result = ResponseResult(
                    outcome: outcome, code: outcome == .refused ? "not-found" : nil, message: "mallory: \(outcome)",
                    statusBefore: "ACTIVE", oktaRequestID: outcome == .done ? "Z\(entries.count)" : nil,
                    httpStatus: outcome == .done ? 200 : outcome == .refusedByOkta ? 400 : nil,
                    oktaErrorCode: outcome == .refusedByOkta ? "E0000001" : nil)
                entries.append(entry)
            }
        }
        return entries
    }

    private func append(_ entries: some Sequence<ResponseEntry>) throws {
        try FileManager.default.createDirectory(atPath: log, withIntermediateDirectories: true)
        let writer = try ResponseLogWriter(directory: log, now: 1)
        for entry in entries { try writer.append(entry) }
    }

    private func takeAll(_ worker: IngestWorker) async throws -> Int {
        var records = 0
        while true {
            let taken = try await ResponseLogReader(directory: log).take(
                on: worker, integration: ResponseSource.integration)
            records += taken.entries.count
            if taken.isEnd { return records }
        }
    }

    private func lines() throws -> [Data] {
        let reader = try SpoolReader(directory: root.appending(path: "spool").path)
        var found: [Data] = []
        for listing in try reader.segments() {
            #expect(listing.path.contains("integration=response_actions/class=remediation_activity/date=2026-11-26/"))
            try reader.lines(listing.path) { (line) throws(SpoolError) in found.append(Data(line)) }
        }
        return found
    }

    @Test(
        "each action with a result becomes one record, even if the daemon stops between two entries, or before it has sealed"
    )
    func onceEach() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let entries = Self.entries()
        try append(entries.prefix(40))
        do {
            let worker = try worker()
            #expect(try await takeAll(worker) > 0)
            _ = await worker.sealAndClose(ResponseSource.integration)
        }
        // More entries are written while nothing reads the log.
        try append(entries.dropFirst(40))
        do {
            // These records are committed but not sealed when the process ends.
            let worker = try worker()
            _ = try await takeAll(worker)
        }
        let worker = try worker()
        #expect(try await takeAll(worker) == 0)
        _ = await worker.sealAndClose(ResponseSource.integration)
        let uids = try lines().map { line in
            let uid = line.withUnsafeBytes { recordUID(of: $0).map { String(decoding: $0, as: UTF8.self) } }
            return try #require(uid)
        }
        #expect(uids.sorted() == entries.filter { $0.result != nil }.map(\.id).sorted())
    }

    @Test("a replay makes the same records of the actions of a host, also of a host in a fleet", arguments: [nil, "a"])
    func replayed(host: String?) async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        try append(Self.entries())
        let worker = try worker(NormalizerSettings(rawData: true))
        let integration = ResponseSource.integration(host: host)
        while try await !ResponseLogReader(directory: log).take(on: worker, integration: integration).isEnd {}
        _ = await worker.sealAndClose(integration)
        let configuration = try Configuration.load(
            sources: [ConfigurationSource(file: "tributary.yaml", text: "spool: {}\n")],
            context: ReloadBench.context(.whole))
        let target = root.appending(path: "replayed").path
        var replay = try Replay(
            .init(
                source: root.appending(path: "spool").path, target: target, schema: .native,
                skipsWithoutRawData: false), configuration: configuration)
        let outcome = try replay.run { _, _ in }
        #expect(outcome.totals.records == Self.entries().count { $0.result != nil })
        func records(_ directory: String) throws -> [String] {
            let reader = try SpoolReader(directory: directory)
            var found: [String] = []
            for listing in try reader.segments() {
                try reader.lines(listing.path) { (line) throws(SpoolError) in
                    found.append(String(decoding: line, as: UTF8.self))
                }
            }
            return found.sorted()
        }
        #expect(try records(target) == records(root.appending(path: "spool").path))
    }

    @Test("each problem of the response log is logged once, with its own message id")
    func announced() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let lines = LogLines()
        let actions = CommittedActions()
        let files = FileManager.default
        try files.createDirectory(at: root, withIntermediateDirectories: true)
        let source = ResponseSource(
            logDirectory: log, runtimeDirectory: root.path, actions: actions, worker: try worker(),
            board: StatusBoard(), heartbeats: Heartbeats(), logger: lines.logger)
        // The log can't be read if its directory is a file.
        try Data().write(to: URL(filePath: log))
        let task = Task { try await source.run() }
        defer { task.cancel() }
        func announcement(_ id: MessageID) async throws {
            try await wait(for: "\(id)") { lines.announced.contains { $0.id == id } }
        }
        try await announcement(.responsesWaiting)

        try files.removeItem(atPath: log)
        try await announcement(.responsesRecovered)

        try append(Self.entries().prefix(4))
        let name = try #require(try files.contentsOfDirectory(atPath: log).first { $0.hasSuffix(".ndjson") })
        let file = try FileHandle(forUpdating: URL(filePath: "\(log)/\(name)"))
        try file.seekToEnd()
        try file.write(contentsOf: Data("no entry\n".utf8))
        try await announcement(.responsesDamaged)

        // The log is shorter than the stored position, as after an older copy was restored. Later reads also find that it is too short.
        try file.truncate(atOffset: 10)
        try await announcement(.responsesMissing)
        for number in 0..<3 {
            let action = CommittedActions.Action(
                integration: "acme", eventType: "user.lifecycle.suspend", transactionID: "\(number)",
                uuid: "look-\(number)")
            actions.add([action], at: 1)
            try await wait(for: "the new action is in the file of committed actions") {
                let text = try? String(contentsOfFile: "\(root.path)/\(CommittedActions.fileName)", encoding: .utf8)
                return text?.contains(action.uuid) == true
            }
        }
        #expect(
            lines.announced.map(\.id) == [
                .responsesWaiting, .responsesRecovered, .responsesDamaged, .responsesMissing,
            ])
        #expect(lines.announced.allSatisfy { $0.integration == ResponseSource.integration })
    }

    private func wait(for what: String, _ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(120)
        while !condition() {
            try #require(ContinuousClock.now < end, "this did not become true within 120 s: \(what)")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("if a host has no response log, its spool has no integration for the response log")
    func noLog() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        #expect(try await takeAll(worker) == 0)
        #expect(await worker.integrations == [])
    }

    @Test("a record says who did what to which user, for which case, and how to find Okta's own event")
    func content() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let entry = try #require(Self.entries().first { $0.action == .suspend && $0.result?.outcome == .done })
        try append([entry])
        let worker = try worker()
        _ = try await takeAll(worker)
        _ = await worker.sealAndClose(ResponseSource.integration)
        let line = try #require(try lines().first)
        #expect(line.withUnsafeBytes { recordTime(of: $0) } == entry.time)
        #expect(line.withUnsafeBytes { SchemaVersion(ofRecord: $0) } == .native)
        let record = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
        let expected: [String: NSObject?] = [
            "actor.user.name": "ada" as NSString, "unmapped.process_user": "root" as NSString,
            "api.request.data.user.uid": "00u1" as NSString,
            "api.request.data.user.name": "mallory@acme.example" as NSString,
            "metadata.correlation_uid": entry.result?.oktaRequestID as NSString?,
            "api.request.uid": entry.result?.oktaRequestID as NSString?,
            "unmapped.case_id": entry.caseID as NSString, "unmapped.reason": entry.reason as NSString?,
            "status_id": 1 as NSNumber, "type_uid": 700_102 as NSNumber, "command_uid": entry.id as NSString,
            "unmapped.status_before": "ACTIVE" as NSString,
        ]
        for (path, value) in expected { #expect(Self.value(record, path) == value, "\(path)") }
    }

    private static func value(_ record: [String: Any], _ path: String) -> NSObject? {
        path.split(separator: ".").reduce(record as Any?) { ($0 as? [String: Any])?[String($1)] } as? NSObject
    }

    @Test(
        "the records are valid in each schema version",
        .enabled(if: Self.validator != nil, "set TRIBUTARY_SHARED to the folder with tools/ocsf_validate.py"),
        arguments: SchemaVersion.allCases)
    func valid(_ version: SchemaVersion) throws {
        let validator = try #require(Self.validator)
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        for (number, observables) in [true, false].enumerated() {
            var settings = NormalizerSettings(observables: observables, datetime: !observables)
            settings.schemaVersion = version
            let lines = try Self.entries().compactMap { try RemediationRecord($0, settings)?.line }
            let file = root.appending(path: "records-\(number).ndjson")
            try Data(lines.joined(separator: [10])).write(to: file)
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/python3")
            process.arguments = [
                validator.appending(path: "tools/ocsf_validate.py").path, "--strict", "--max", "3", "--schema",
                validator.appending(path: "ocsf/ocsf-\(version.rawValue).json").path, file.path,
            ]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(text.prefix(2_000))")
        }
    }

    private static let validator: URL? = {
        let neighbor = Repository.root.deletingLastPathComponent().appending(path: "shared")
        let folder = ProcessInfo.processInfo.environment["TRIBUTARY_SHARED"].map { URL(filePath: $0) } ?? neighbor
        let tool = folder.appending(path: "tools/ocsf_validate.py").path
        return FileManager.default.fileExists(atPath: tool) ? folder : nil
    }()

    @Test("docs/record-schema.md lists exactly the attributes that records of response actions have")
    func documented() throws {
        let page = try String(contentsOf: Repository.file("docs/record-schema.md"), encoding: .utf8)
        let section = page.split(separator: "## From response action to record\n")[1].split(separator: "\n## ")[0]
        var documented: Set<String> = []
        for row in section.split(separator: "\n") where row.hasPrefix("| `") {
            var parent = Substring()
            for (number, token) in row.split(separator: "|")[0].split(separator: "`").enumerated() where number % 2 == 1
            {
                let path = token.hasPrefix(".") ? parent + token : token
                parent = path.prefix(upTo: path.lastIndex(of: ".") ?? path.startIndex)
                documented.insert(String(path))
            }
        }
        var found: Set<String> = []
        for entry in Self.entries() {
            guard let line = try RemediationRecord(entry, NormalizerSettings(datetime: true))?.line else { continue }
            Self.collect(try JSONSerialization.jsonObject(with: Data(line)), "", into: &found)
        }
        #expect(found == documented)
    }

    /// Adds the paths of all values to `found`. A value without a fixed schema, such as `unmapped`, counts as one path.
    private static func collect(_ value: Any, _ path: String, into found: inout Set<String>) {
        if path != "api.request.data", path != "unmapped", let object = value as? [String: Any] {
            for (key, value) in object { collect(value, path.isEmpty ? key : "\(path).\(key)", into: &found) }
        } else if let list = value as? [Any] {
            for value in list { collect(value, path + "[]", into: &found) }
        } else {
            found.insert(path)
        }
    }

    @Test("an event that Okta stored for an action is recognized by its record, and other events are not")
    func committedActions() async throws {
        var sink = Found()
        let normalizer = try Normalizer(catalog: try EventCatalog.builtIn(), settings: NormalizerSettings())
        let page = """
            [{"uuid":"2c3c1c2e-0000-11ee-8888-0242ac120002","published":"2026-11-26T09:00:00.000Z",
              "eventType":"user.lifecycle.suspend","actor":{"id":"00u1","type":"User","alternateId":"ada@acme.example"},
              "outcome":{"result":"SUCCESS"},"target":[{"id":"00u2","type":"User","alternateId":"mallory@acme.example"}],
              "transaction":{"type":"WEB","id":"REQ1"}},
             {"uuid":"2c3c1c2e-0000-11ee-8888-0242ac120003","published":"2026-11-26T09:00:00.000Z",
              "eventType":"user.session.start","actor":{"id":"00u1","type":"User","alternateId":"ada@acme.example"},
              "transaction":{"type":"WEB","id":"REQ2"}}]
            """
        try Array(page.utf8).withUnsafeBytes { bytes in
            try normalizer.normalizePage(bytes, source: EventSource(), collectedAt: 1, into: &sink)
        }
        #expect(
            sink.actions == [
                .init(
                    integration: "acme", eventType: "user.lifecycle.suspend", transactionID: "REQ1",
                    uuid: "2c3c1c2e-0000-11ee-8888-0242ac120002")
            ])
    }

    private struct Found: RecordSink {
        var actions: [CommittedActions.Action] = []

        mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) {
            if let action = CommittedActions.Action(record: bytes, integration: "acme") { actions.append(action) }
        }

        mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) {}
    }
}

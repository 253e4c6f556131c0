import Foundation
import TestSupport
import Testing

@testable import OCSF

/// The folder with an OCSF validator and recorded events; nil if it does not exist.
let shared: URL? = {
    let neighbor = Repository.root.deletingLastPathComponent().appending(path: "shared")
    let folder = ProcessInfo.processInfo.environment["TRIBUTARY_SHARED"].map { URL(filePath: $0) } ?? neighbor
    return FileManager.default.fileExists(atPath: folder.appending(path: "tools/ocsf_validate.py").path) ? folder : nil
}()

@Suite(
    "records are valid OCSF",
    .enabled(if: shared != nil, "set TRIBUTARY_SHARED to the folder with tools/ocsf_validate.py"))
struct ValidatorTests {
    /// The settings with which records are checked: several sets of options in each version of OCSF.
    static let options: [NormalizerSettings] = SchemaVersion.allCases.flatMap { version in
        [
            NormalizerSettings(), NormalizerSettings(rawData: false, observables: false),
            NormalizerSettings(datetime: true, flattenUnmapped: true, network: RecordExamples.network),
            NormalizerSettings(rawData: false, observables: false, datetime: true, network: RecordExamples.network),
        ].map { settings in
            var settings = settings
            settings.schemaVersion = version
            return settings
        }
    }

    /// The recorded events; empty if there are none.
    static func sampleEvents() throws -> [String] {
        guard let folder = shared?.appending(path: "samples") else { return [] }
        var events: [String] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        where file.hasSuffix(".ndjson") {
            events += try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n").map(
                String.init)
        }
        return events
    }

    @Test("each recorded event becomes a valid record", arguments: options)
    func samples(settings: NormalizerSettings) throws {
        let events = try Self.sampleEvents()
        #expect(events.count >= 186)
        try validate(events, settings)
    }

    @Test(
        "an event of each catalogued type becomes a valid record, whatever its targets and outcome", arguments: options)
    func everyType(settings: NormalizerSettings) throws {
        let types = try cataloguedTypes()
        var random = SeededGenerator(seed: 7)
        let events = try types.map { try SyntheticEvent.make(type: $0, &random) }
        try validate(events, settings)
    }

    @Test(
        "an event of each type becomes a valid record with no target, with an unknown target, and with a user and a group",
        arguments: options)
    func everyTarget(settings: NormalizerSettings) throws {
        let user = ["id": "00ubob", "type": "User", "alternateId": "bob@partner.example", "displayName": "Bob"]
        let group = ["id": "00gstaff", "type": "UserGroup", "alternateId": "unknown", "displayName": "Staff"]
        let alien = ["id": "x1", "type": "Alien", "displayName": "Somebody"]
        let targets: [[[String: String]]] = [[], [alien], [user, group]]
        let events = try cataloguedTypes().flatMap { type in
            try targets.map { try signIn(["eventType": type, "target": $0]) }
        }
        try validate(events, settings)
    }

    @Test("unusual events become valid records", arguments: options)
    func oddShapes(settings: NormalizerSettings) throws {
        try validate(NoLossTests.oddShapes, settings)
    }

    @Test("the example events, which contain every field of the schema, become valid records", arguments: options)
    func examples(settings: NormalizerSettings) throws {
        try validate(RecordExamples.events().map(\.event) + RecordExamples.others(), settings)
    }

    private func validate(_ events: [String], _ settings: NormalizerSettings) throws {
        let normalizer = try makeNormalizer(settings)
        let source = EventSource(orgHost: "acme.okta.com", logURL: "https://acme.okta.com/api/v1/logs")
        var sink = Collected()
        for event in events {
            Array(event.utf8).withUnsafeBytes {
                normalizer.normalizeEvent($0, source: source, offset: 0, collectedAt: collectedAt, into: &sink)
            }
        }
        #expect(sink.rejections.isEmpty)
        #expect(sink.records.count == events.count)
        try Self.validate(records: sink.records.map(\.text), settings.schemaVersion)
    }

    static func validate(records: [String], _ version: SchemaVersion = .native) throws {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "tributary-records-\(UUID().uuidString).ndjson")
        defer { try? FileManager.default.removeItem(at: file) }
        try records.map { $0 + "\n" }.joined().write(to: file, atomically: false, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let shared = try #require(shared)
        process.arguments = [
            "python3", shared.appending(path: "tools/ocsf_validate.py").path, "--strict", "--max", "3", "--schema",
            shared.appending(path: "ocsf/ocsf-\(version.rawValue).json").path, file.path,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let report = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(report.prefix(4_000))")
    }
}

/// Every event type in the built-in catalogue.
func cataloguedTypes() throws -> [String] {
    try String(contentsOf: catalogueFile, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        .map { String($0.prefix { $0 != "\t" }) }
}

/// Events with every part that the mapping reads. Types of targets, outcomes and so on vary at random.
enum SyntheticEvent {
    static func make(type: String, _ random: inout SeededGenerator) throws -> String {
        let kinds = [
            "User", "AppUser", "UserGroup", "AppInstance", "PolicyEntity", "PolicyRule", "access_token", "ROLE",
            "Brand", "UDDevice",
        ]
        var targets: [[String: Any]] = kinds.shuffled(using: &random).prefix(4).enumerated().map { index, kind in
            ["id": "id\(index)", "type": kind, "alternateId": "t\(index)@example.com", "displayName": "\(kind) é"]
        }
        targets[0]["changeDetails"] = ["from": ["a": 1, "b": NSNull()], "to": ["a": [1, NSNull()]]]
        func pick(_ values: [String]) -> String { values.randomElement(using: &random) ?? "" }
        return try signIn([
            "eventType": type, "target": targets,
            "severity": pick(["DEBUG", "INFO", "WARN", "ERROR", "ODD"]),
            "outcome": [
                "result": pick([
                    "SUCCESS", "FAILURE", "ALLOW", "DENY", "CHALLENGE", "SKIPPED", "UNKNOWN", "Other", "RATE_LIMIT",
                ]),
                "reason": "because",
            ],
            "actor": [
                "id": "a1", "type": pick(["User", "SystemPrincipal", "PublicClientApp", "Alien"]), "alternateId": "svc",
            ],
            "device": [
                "id": "guo1", "name": "mac", "os_platform": pick(["MACOS", "IOS", "TOASTER"]), "managed": true,
            ],
        ])
    }
}

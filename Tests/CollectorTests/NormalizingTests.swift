import Configuration
import Foundation
import Testing

@testable import Collector
@testable import OCSF
@testable import Spool

@Suite("The mapping for a configuration") struct NormalizingTests {
    private static func configuration(catalogue: [String] = []) throws -> Configuration {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "tributary.yaml").path
        let text = """
            record: {schema_version: 1.5.0, raw_data: false, observables: false, datetime: true, flatten_unmapped: true, catalogue: [\(catalogue.joined(separator: ", "))]}
            my_network: {domains: [example.com], ip_ranges: [203.0.113.0/24, "2001:db8::/32"]}
            """
        return try Configuration.load(
            sources: [ConfigurationSource(file: file, text: text)],
            context: ConfigurationContext(environment: [:], today: CalendarDate(parsing: "2026-11-23")))
    }

    @Test("the mapping uses every option of the sections `record` and `my_network`")
    func settings() throws {
        let settings = Normalizing(try Self.configuration()).settings
        let ranges = [
            MyNetwork.AddressRange(address: [203, 0, 113, 0], prefixLength: 24),
            MyNetwork.AddressRange(
                address: [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 12), prefixLength: 32),
        ]
        #expect(
            settings
                == NormalizerSettings(
                    rawData: false, observables: false, datetime: true, flattenUnmapped: true,
                    network: MyNetwork(domains: ["example.com"], ranges: ranges.compactMap(\.self)),
                    schemaVersion: .v1_5_0))
    }

    @Test(
        "the configuration accepts exactly the OCSF versions that the mapping supports, and the spool gets the chosen version"
    )
    func versions() throws {
        #expect(Configuration.SchemaVersion.allCases.map(\.rawValue) == SchemaVersion.allCases.map(\.rawValue))
        for version in Configuration.SchemaVersion.allCases {
            #expect(SchemaVersion(version).rawValue == version.rawValue)
        }
        #expect(SpoolSettings(try Self.configuration()).recordSchema == "ocsf/1.5.0")
    }

    @Test(
        "configured tables add event types to the built-in ones; the error for a bad row names the file and the line"
    )
    func tables() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func table(_ name: String, _ text: String) throws -> String {
            let path = folder.appending(path: name).path
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
        let first = try table("first.tsv", "acme.door.open\t3002\t1\nacme.door.shut\t3002\t2\n")
        let second = try table("second.tsv", "acme.door.open\t3004\t8\n")
        let bad = try table("bad.tsv", "# ours\nacme.door.open\t3002\t1\nacme.door.shut\t3003\t1\n")
        let catalog = try Normalizing(try Self.configuration(catalogue: [first, second])).catalog()
        #expect(try catalog.count == EventCatalog.builtIn().count + 2)
        let refusal = #expect(throws: Daemon.StartError.self) {
            try Normalizing(try Self.configuration(catalogue: [first, bad])).catalog()
        }
        #expect(refusal.map { "\($0)" }?.contains("\(bad):3: class_uid “3003”") ?? false, "\(refusal.debugDescription)")
    }
}

import Foundation
import Testing

@testable import Spool

@Suite("The manifest names the schema of each segment's records")
struct SchemaTests {
    typealias Simulation = SimulatedCollection

    private static let total = 20

    private func collection(_ schema: String) throws -> Simulation {
        var collection = try Simulation()
        collection.settings.recordSchema = schema
        return collection
    }

    /// Collects the records after the cursor, in commits of four. Each record contains the name of its schema. Every third record is late, so a
    /// seal may carry it over.
    private func collect(_ collection: Simulation, _ writer: SpoolWriter, upTo end: Int = total) throws {
        while case let next = writer.cursor.flatMap({ Int($0) }) ?? 0, next < end {
            for number in next..<min(next + 4, end) {
                let partition = try writer.partition(number % 3 == 0 ? "class=late/date=old" : "class=new/date=today")
                let time = number % 3 == 0 ? Int64(number) : Simulation.instant(Int64(number)).wall
                try Array("{\"uid\":\(number),\"schema\":\"\(collection.settings.recordSchema)\"}".utf8)
                    .withUnsafeBytes { try writer.append($0, to: partition, time: time) }
            }
            try writer.commit(cursor: String(min(next + 4, end)), at: Simulation.instant(Int64(next)))
            try writer.sealIfDue(at: Simulation.instant(Int64(next)))
        }
    }

    /// Checks that every record occurs once, in a segment whose manifest line names the record's schema.
    private func expectTrue(_ collection: Simulation, _ context: String) throws {
        let reader = try SpoolReader(directory: collection.settings.directory)
        var numbers: [Int] = []
        for listing in try reader.segments() {
            let schema = try #require(listing.segment?.schema, "\(context)")
            try reader.lines(listing.path) { (line) throws(SpoolError) in
                let text = String(decoding: line, as: UTF8.self)
                #expect(text.hasSuffix("\"schema\":\"\(schema)\"}"), "\(context): \(text) in a segment of \(schema)")
                numbers.append(Int(text.dropFirst(7).prefix { $0.isNumber }) ?? -1)
            }
        }
        #expect(numbers.sorted() == Array(0..<Self.total), "\(context)")
    }

    @Test(
        "records that were unsealed when the schema version changed, late ones included, are sealed with their own version"
    )
    func changed() throws {
        var collection = try collection("ocsf/1.8.0")
        for (schema, end) in [("ocsf/1.8.0", 8), ("ocsf/1.3.0", 16), ("ocsf/1.5.0", Self.total)] {
            collection.settings.recordSchema = schema
            try collect(collection, collection.open(ScriptedFileSystem()), upTo: end)
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(writer.unsealed.records > 0)
        try writer.seal(at: Simulation.instant(100))
        try expectTrue(collection, "three versions")
        let schemas = try SpoolReader(directory: collection.settings.directory).segments().compactMap(\.segment?.schema)
        #expect(Set(schemas) == ["ocsf/1.8.0", "ocsf/1.3.0", "ocsf/1.5.0"])
    }

    @Test(
        "after a crash at any operation, each record is sealed with its own schema version, whichever version is configured next",
        arguments: [false, true])
    func crashes(goesBack: Bool) throws {
        let versions = goesBack ? ["ocsf/1.3.0", "ocsf/1.8.0"] : ["ocsf/1.8.0", "ocsf/1.3.0"]
        func run(_ collection: Simulation, _ fileSystem: any FileSystem) throws {
            let writer = try collection.open(fileSystem)
            try collect(collection, writer)
            try writer.seal(at: Simulation.instant(1_000))
        }
        let rehearsal = ScriptedFileSystem()
        try run(collection(versions[0]), rehearsal)
        for crashAt in 1...rehearsal.count {
            var collection = try collection(versions[0])
            let dying = ScriptedFileSystem { count, _, _ in count == crashAt ? .crashAfter : nil }
            try? run(collection, dying)
            collection.settings.recordSchema = versions[1]
            try run(collection, ScriptedFileSystem())
            try expectTrue(collection, "a crash at \(crashAt): \(dying.log.last.map { "\($0)" } ?? "")")
        }
    }

    @Test("a journal stores a partition's schema only if it is not ocsf/1.8.0")
    func stored() throws {
        let path = "class=authentication/date=2026-11-23"
        let first = try PartitionPath(path, kind: .records, schema: "ocsf/1.8.0")
        #expect(first.stored == path)
        #expect(try PartitionPath(stored: path, kind: .records) == first)
        let other = try PartitionPath(path, kind: .records, schema: "ocsf/1.3.0")
        #expect(other.stored == path + ";ocsf/1.3.0")
        #expect(try PartitionPath(stored: other.stored, kind: .records) == other)
        #expect(other != first)
        #expect(throws: SpoolError.self) { try PartitionPath(stored: "no path;ocsf/1.3.0", kind: .records) }
    }
}

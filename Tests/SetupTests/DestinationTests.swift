import Configuration
import Testing

@testable import Setup

@Suite("changes of destinations")
struct DestinationTests {
    private static let hand = """
        # Ours.
        destinations:
          # The lake.
          - name: lake
            type: s3
            bucket: example-lake   # in Frankfurt
            region: eu-central-1
            description: ours
          - {name: other, type: exec, command: [/bin/true]}

        """

    private func record(_ name: String, _ values: [(String, [String])]) throws -> DestinationRecord {
        var record = DestinationRecord(name: try Name(parsing: name))
        for (key, texts) in values { try record.set(key, to: texts) }
        return record
    }

    @Test("a new destination gets its own file, and loading the file gives the intended values")
    func added() throws {
        let installation = try Installation("spool: {}\n")
        var edit = try ConfigurationEdit(of: installation.main)
        let record = try record(
            "warehouse", [("type", ["exec"]), ("command", ["/bin/load", "dbname=lake", "a: b"]), ("timeout", ["90s"])])
        edit.put(record.yaml, into: edit.dropIn(record.fileName))
        let destination = try #require(try edit.load(installation.context).destination(named: "warehouse"))
        #expect(destination.command == ["/bin/load", "dbname=lake", "a: b"])
        #expect(destination.timeout.seconds == 90)
        #expect(record.fileName == "destination-warehouse.yaml")
    }

    @Test("in a destination's file, an account ID keeps its leading zero, and an index keeps its braces")
    func quoted() throws {
        let installation = try Installation("spool: {}\n")
        var edit = try ConfigurationEdit(of: installation.main)
        let lake = try record(
            "lake",
            [
                ("type", ["s3"]), ("bucket", ["lake"]), ("region", ["eu-west-1"]), ("format", ["parquet"]),
                ("layout", ["security_lake"]), ("account_id", ["011122223333"]),
            ])
        let search = try record(
            "search",
            [
                ("type", ["http"]), ("protocol", ["elasticsearch"]), ("url", ["es.example.com:9200"]),
                ("index", ["okta-{date}"]),
            ])
        edit.put(lake.yaml, into: edit.dropIn(lake.fileName))
        edit.put(search.yaml, into: edit.dropIn(search.fileName))
        let configuration = try edit.load(installation.context)
        #expect(configuration.destination(named: "lake")?.accountID == "011122223333")
        #expect(configuration.destination(named: "search")?.index == "okta-{date}")
        #expect(configuration.destination(named: "search")?.url?.description == "https://es.example.com:9200")
    }

    @Test(
        "in a file that a person wrote, only the changed keys of the destination differ; comments and other destinations stay"
    )
    func changed() throws {
        let installation = try Installation(Self.hand)
        var edit = try ConfigurationEdit(of: installation.main)
        let present = try edit.load(installation.context)
        let record = try record("lake", [("bucket", ["other-lake"]), ("concurrency", ["8"]), ("description", [])])
        let result = try edit.change(to: record, present: present, installation.context)
        #expect(result.destination(named: "lake")?.concurrency == 8)
        _ = try edit.save()
        let text = installation.read("tributary.yaml") ?? ""
        #expect(text.contains("bucket: other-lake   # in Frankfurt"))
        #expect(text.contains("# The lake."))
        #expect(!text.contains("description"))
        #expect(text.contains("- {name: other, type: exec, command: [/bin/true]}"))
    }

    @Test("a destination that is written in braces can't be changed, and a change with an invalid result is refused")
    func refused() throws {
        let installation = try Installation(Self.hand)
        var edit = try ConfigurationEdit(of: installation.main)
        let present = try edit.load(installation.context)
        let braces = try record("other", [("timeout", ["1m"])])
        #expect(throws: HandEdit.self) {
            _ = try edit.change(to: braces, present: present, installation.context)
        }
        let foreign = try record("lake", [("timeout", ["1m"])])
        #expect(throws: ConfigurationError.self) {
            _ = try edit.change(to: foreign, present: present, installation.context)
        }
        #expect(throws: ValueError.self) { _ = try self.record("lake", [("bucket", ["No_Bucket"])]) }
    }

    @Test("removing a destination also removes its file if `destination add` made the file")
    func removed() throws {
        let installation = try Installation(Self.hand)
        var edit = try ConfigurationEdit(of: installation.main)
        let own = try record("own", [("type", ["exec"]), ("command", ["/bin/true"])])
        edit.put(own.yaml, into: edit.dropIn(own.fileName))
        var present = try edit.load(installation.context)
        present = try edit.removeDestination(own.name, present: present, installation.context)
        #expect(edit.source(edit.dropIn(own.fileName)) == nil)
        let result = try edit.removeDestination(
            try Name(parsing: "lake"), present: present, installation.context)
        #expect(result.destinations.map(\.name.text) == ["other"])
    }
}

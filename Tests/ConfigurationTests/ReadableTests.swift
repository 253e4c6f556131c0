import Configuration
import Testing

@Suite("The readable parts of a configuration with mistakes")
struct ReadableTests {
    private static let directories = "runtime_directory: /run/other\nspool:\n  directory: /srv/spool\n"

    private func readable(_ text: String, _ dropIns: [(String, String)] = []) throws -> Configuration? {
        let workspace = try Workspace()
        let path = try workspace.write("t.yaml", text)
        for (name, text) in dropIns { try workspace.write(name, text) }
        let context = try workspace.context(secrets: .warned)
        #expect(throws: ConfigurationError.self, "the configuration has a mistake") {
            try Configuration.load(path: path, context: context)
        }
        return Configuration.readable(path: path, context: context)
    }

    @Test(
        "if the configuration has a mistake elsewhere, the directories and the integrations can still be read",
        arguments: [
            "spol: {}\n", "spool:\n  compression: lzma\n", "  compression: lzma\n", "record:\n\traw_data: yes\n",
            "record:\n  schema_version: \"1.5.0\n", "record: [\n", "}\n", "- x\n", "record: &a\nrecord: *b\n",
            "destinations:\n  - name: lake\n", "metrics: {listen: 9464}\n", "fleet: {name: prod}\n",
            "runtime_directory: /run/again\n", "state_directory: nowhere\n", "%\n", "record: {raw_data: \u{1}}\n",
        ])
    func next(mistake: String) throws {
        let found = try #require(try readable(Self.directories + mistake + good))
        #expect(found.runtimeDirectory == "/run/other")
        #expect(found.spool.directory == "/srv/spool")
        #expect(found.integrations.map(\.name.text) == ["acme"])
        let inDropIn = try #require(try readable(Self.directories + good, [("conf.d/x.yaml", mistake)]))
        #expect(inDropIn.runtimeDirectory == "/run/other" && inDropIn.integrations.count == 1)
    }

    @Test("if a directory's path has a mistake, or the configuration file is missing, the default directory is used")
    func defaults() throws {
        #expect(try readable("runtime_directory: run\n" + good)?.runtimeDirectory == "/run/tributary")
        #expect(try readable("runtime_directory: \"/run\n" + good)?.integrations.count == 1)
        let context = try Workspace().context(secrets: .warned)
        let none = Configuration.readable(path: "/nowhere/t.yaml", context: context)
        #expect(none?.runtimeDirectory == "/run/tributary" && none?.integrations.isEmpty == true)
    }

    @Test("a destination with a mistake can still be read, because its delivery may run with earlier settings")
    func destinations() throws {
        let found = try readable(
            good
                + """
                delivery_directory: /run/deliveries
                destinations:
                  - {name: load, type: exec, command: [/bin/load]}
                  - {name: lake, type: s3, region: eu-west-1}
                  - {nam: nothing, type: exec}

                """)
        #expect(found?.destinations.map(\.name.text) == ["load", "lake"])
        #expect(found?.deliveryDirectory == "/run/deliveries")
    }

    private static let fleet =
        "fleet:\n  name: prod\n  host: a\n  log: {bucket: b-u, region: eu-west-1}\n  lease: {type: s3}\n"

    @Test(
        "a fleet is read only if the sections fleet and network have no mistakes, so that commands never reach another fleet",
        arguments: [
            ("spol: {}\n", true), ("spool: {compression: lzma}\n", true), ("  prefx: okta\n", false),
            ("network: {proxy: '::'}\n", false), ("network: {proxi: x}\n", false), ("record: [\n", false),
        ])
    func fleet(mistake: String, isRead: Bool) throws {
        #expect((try readable(Self.fleet + mistake + good)?.fleet != nil) == isRead)
    }

    @Test(
        "a section counts as doubtful if it has a mistake, was not read, or may be the section to which a mistyped key belongs",
        arguments: [
            ("", "spol: {directory: /srv/other}\n", ["spool"], ["response", "fleet"]),
            ("spool: {directory: /srv}\n", "record: {raw_data: often}\n", ["record"], ["spool", "response"]),
            ("spool: {directory: /srv}\n", "record: [\n", ["record", "response"], ["spool"]),
            ("", "zzzzzzzz: 1\n", ["spool", "response", "network"], ["integrations"]),
            ("", "response: {socket: here}\n", ["response"], ["spool"]),
        ])
    func doubtful(before: String, mistake: String, doubtful: [String], certain: [String]) throws {
        let found = try #require(try readable(before + mistake + good)).doubtful
        #expect(found.isSuperset(of: doubtful) && found.isDisjoint(with: certain), "\(found)")
    }

    @Test("a file with a hundred thousand meaningless lines is read within a minute", .timeLimit(.minutes(1)))
    func hostile() throws {
        let lines = String(repeating: "a\n", count: 100_000)
        #expect(try readable(Self.directories + lines)?.runtimeDirectory == "/run/other")
    }
}

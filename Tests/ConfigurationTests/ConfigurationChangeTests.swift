import Configuration
import Testing

@Suite("the difference between two configurations")
struct ConfigurationChangeTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace() }

    /// The difference between `good` and a copy of it in which `other` replaces `text`.
    private func change(_ text: String, to other: String) throws -> ConfigurationChange {
        ConfigurationChange(from: try workspace.load(good), to: try workspace.load(good.replacing(text, with: other)))
    }

    @Test("if only comments or the order of keys differ, the configurations have no difference")
    func nothing() throws {
        #expect(try change("", to: "").isEmpty)
        #expect(try change("credentials:\n", to: "# x\ncredentials:\n").isEmpty)
        #expect(
            try change("- name: acme\n    url: https://acme.okta.com", to: "- url: acme.okta.com/\n    name: acme")
                .isEmpty)
    }

    @Test("a comparison finds added and removed integrations by their names, and ignores their order")
    func addedAndRemoved() throws {
        let more = "  - name: a\n    url: a.okta.com\n    data_ingest: {credential: r}\n"
        let two = try workspace.load(good + more)
        let one = try workspace.load(good)
        #expect(ConfigurationChange(from: one, to: two).added.map(\.name.text) == ["a"])
        #expect(ConfigurationChange(from: two, to: one).removed.map(\.text) == ["a"])
        let turned = try workspace.load(
            good.replacing("integrations:\n", with: "integrations:\n" + more))
        #expect(ConfigurationChange(from: two, to: turned).isEmpty)
        let renamed = try change("name: acme", to: "name: other")
        #expect(renamed.added.map(\.name.text) == ["other"])
        #expect(renamed.removed.map(\.text) == ["acme"])
        #expect(renamed.changed.isEmpty)
    }

    @Test(
        "a comparison lists the changed keys of an integration and of its credentials",
        arguments: [
            ("https://acme.okta.com", "https://acme.okta-emea.com", ["integrations[].url"]),
            ("credential: r", "credential: r\n      page_size: 200", ["integrations[].data_ingest.page_size"]),
            (
                "credential: r", "credential: r\n      poll_interval: 1m\n      filter: a pr",
                ["integrations[].data_ingest.poll_interval", "integrations[].data_ingest.filter"]
            ),
            (
                "credential: r", "credential: w",
                [
                    "integrations[].data_ingest.credential", "credentials[].name", "credentials[].permissions",
                    "credentials[].secret_file",
                ]
            ),
            ("- name: r", "- name: r\n    expires: 2027-12-01", ["credentials[].expires"]),
            ("    response_action:\n      credential: w", "", ["integrations[].response_action"]),
        ])
    func changed(_ text: String, _ other: String, _ keys: [String]) throws {
        let change = try change(text, to: other)
        #expect(change.changed.map(\.integration.name.text) == ["acme"])
        #expect(change.changed.first?.keys == keys)
        #expect(
            change.added.isEmpty && change.removed.isEmpty && change.settings.isEmpty && change.needsRestart.isEmpty)
    }

    @Test("a comparison separates changes that can be applied immediately from those that need a restart")
    func restart() throws {
        let change = ConfigurationChange(
            from: try workspace.load(good),
            to: try workspace.load(
                good
                    + """
                    state_directory: /s
                    spool: {directory: /sp, max_bytes: 1GiB}
                    record: {raw_data: false}
                    my_network: {domains: [example.com]}
                    network: {proxy: "http://p.example:3128"}
                    """))
        #expect(change.settings.map(\.path) == ["spool.max_bytes", "record.raw_data", "my_network.domains"])
        #expect(change.needsRestart.map(\.path) == ["state_directory", "spool.directory", "network.proxy"])
        #expect(change.added.isEmpty && change.removed.isEmpty && change.changed.isEmpty)
    }

    @Test("an added destination is a change, because retention waits for it; its settings and the order are not")
    func destinations() throws {
        let one = try workspace.load(good)
        let lake = "destinations:\n  - {name: lake, type: s3, bucket: lake, region: eu-west-1}\n"
        let two = try workspace.load(good + lake)
        #expect(ConfigurationChange(from: one, to: two).settings.map(\.path) == ["destinations"])
        #expect(ConfigurationChange(from: two, to: one).settings.map(\.path) == ["destinations"])
        let moved = try workspace.load(good + lake.replacing("bucket: lake", with: "bucket: pond"))
        #expect(ConfigurationChange(from: two, to: moved).isEmpty)
        let pond = "  - {name: pond, type: s3, bucket: pond, region: eu-west-1}\n"
        let both = try workspace.load(good + lake + pond)
        let turned = try workspace.load(
            good + lake.replacing("destinations:\n", with: "destinations:\n" + pond))
        #expect(ConfigurationChange(from: both, to: turned).isEmpty)
    }

    @Test("a fleet that is added, removed or changed in the configuration takes effect only after a restart")
    func fleet() throws {
        let one = try workspace.load(good)
        let fleet = """
            fleet:
              name: prod
              host: one
              log: {bucket: lake, region: eu-west-1}
              lease: {type: s3}
            """
        let two = try workspace.load(good + fleet)
        for (old, new) in [(one, two), (two, one)] {
            let change = ConfigurationChange(from: old, to: new)
            #expect(change.needsRestart.map(\.path) == ["fleet"])
            #expect(change.settings.isEmpty)
            #expect(ConfigurationChange.inForce(from: old, to: new).fleet == old.fleet)
        }
        let three = try workspace.load(
            good
                + fleet.replacing("one", with: "two").replacing("lake", with: "pond").replacing(
                    "s3}", with: "s3, ttl: 20s}"))
        let change = ConfigurationChange(from: two, to: three)
        #expect(change.needsRestart.map(\.path) == ["fleet.host", "fleet.log.bucket", "fleet.lease.ttl"])
        #expect(ConfigurationChange.inForce(from: two, to: three).fleet == two.fleet)
    }

    @Test("a comparison detects that a secret's file has another path, even if no key has changed")
    func movedSecret() throws {
        let source = ConfigurationSource(file: "t.yaml", text: good)
        let elsewhere = try workspace.context(["CREDENTIALS_DIRECTORY": "/elsewhere"], secrets: .warned)
        let change = ConfigurationChange(
            from: try workspace.load(good), to: try Configuration.load(sources: [source], context: elsewhere))
        #expect(change.changed.first?.keys == ["credentials[].secret_file"])
    }
}

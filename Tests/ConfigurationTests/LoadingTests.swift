import Configuration
import Foundation
import TestSupport
import Testing

@Suite("a configuration without mistakes")
struct LoadingTests {
    @Test("a missing key gets its default")
    func defaults() throws {
        let workspace = try Workspace()
        let configuration = try workspace.load(good)
        #expect(configuration.stateDirectory == "/var/lib/tributary")
        #expect(configuration.runtimeDirectory == "/run/tributary")
        #expect(configuration.spool.directory == "/var/lib/tributary/spool")
        #expect(configuration.spool.compression == .zstd)
        #expect(configuration.spool.segmentMaxBytes.bytes == 64 << 20)
        #expect(configuration.spool.segmentMaxAge.seconds == 300)
        #expect(configuration.spool.maxBytes.bytes == 20 << 30)
        #expect(configuration.spool.retention == .never)
        #expect(configuration.record.schemaVersion == .v1_8_0)
        #expect(configuration.record.rawData)
        #expect(configuration.record.observables)
        #expect(!configuration.record.datetime)
        #expect(!configuration.record.flattenUnmapped)
        #expect(configuration.record.catalogue.isEmpty)
        #expect(configuration.network.caFile == nil)
        #expect(configuration.network.proxy == nil)
        let integration = try #require(configuration.integration(named: "acme"))
        let ingest = try #require(integration.dataIngest)
        #expect(ingest.credential.name.text == "r")
        #expect(ingest.credential.secretFile == "\(workspace.path)/credentials/r")
        #expect(ingest.pollInterval.seconds == 15)
        #expect(ingest.start == .back(ConfigurationDuration(seconds: 7 * 86_400)))
        #expect(ingest.filter == nil)
        #expect(ingest.rateLimitShare.value == 0.5)
        #expect(ingest.pageSize == 1000)
        #expect(integration.responseAction?.credential.name.text == "w")
        #expect(configuration.warnings.isEmpty)
    }

    @Test("systemd's state, runtime and credentials directories are used if the configuration sets no others")
    func environment() throws {
        let workspace = try Workspace()
        let context = try workspace.context(
            [
                "STATE_DIRECTORY": "/state:/other", "RUNTIME_DIRECTORY": "/run/x", "CREDENTIALS_DIRECTORY": "/nowhere",
            ], secrets: .warned)
        let source = ConfigurationSource(file: "t.yaml", text: good)
        let configuration = try Configuration.load(sources: [source], context: context)
        #expect(configuration.stateDirectory == "/state")
        #expect(configuration.spool.directory == "/var/lib/tributary/spool")
        #expect(configuration.runtimeDirectory == "/run/x")
        #expect(configuration.credential(named: "r")?.secretFile == "/nowhere/r")
        #expect(configuration.warnings.count == 2)
    }

    @Test("a relative directory in the environment is refused")
    func relativeEnvironment() throws {
        let workspace = try Workspace()
        let context = try workspace.context(["STATE_DIRECTORY": "state"])
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(sources: [ConfigurationSource(file: "t.yaml", text: good)], context: context)
        }
        #expect(error.description.hasPrefix("$STATE_DIRECTORY: error: "))
    }

    @Test("a configuration that sets many keys loads with their values")
    func everything() throws {
        let workspace = try Workspace()
        let configuration = try workspace.load(
            """
            state_directory: /s/
            runtime_directory: /r
            spool: {directory: /sp, compression: gzip, segment_max_bytes: 1MB, segment_max_age: 1h30m, max_bytes: 1GiB, retention: 30d}
            record: {schema_version: 1.3.0, raw_data: false, observables: false, datetime: true, flatten_unmapped: true}
            my_network:
              domains: [Example.com, example.org]
              ip_ranges:
                - 203.0.113.0/24
                - 2001:DB8::/32
            network: {proxy: proxy.example.com:3128}
            credentials:
              - {name: key, type: oauth, client_id: 0oa1, key_id: k, expires: 2027-03-01, description: d}
            integrations:
              - name: acme
                url: acme.okta.com/
                description: |
                  two
                  lines
                data_ingest:
                  credential: key
                  start: 2026-11-01T02:00:00+02:00
                  filter: >
                    eventType eq "a"
                    or eventType eq "b"
                  page_size: 200
                  rate_limit_share: 1
                  poll_interval: 1m
            """)
        #expect(configuration.stateDirectory == "/s")
        #expect(configuration.spool.segmentMaxBytes.bytes == 1_000_000)
        #expect(configuration.spool.segmentMaxAge.seconds == 5400)
        #expect(configuration.spool.retention == .after(ConfigurationDuration(seconds: 30 * 86_400)))
        #expect(configuration.record.schemaVersion == .v1_3_0)
        #expect(!configuration.record.rawData)
        #expect(configuration.record.datetime)
        #expect(configuration.record.flattenUnmapped)
        #expect(configuration.myNetwork.domains.map(\.text) == ["example.com", "example.org"])
        #expect(configuration.myNetwork.ipRanges.map(\.description) == ["203.0.113.0/24", "2001:db8::/32"])
        #expect(configuration.network.proxy?.text == "http://proxy.example.com:3128")
        #expect(configuration.credentials.first?.clientID == "0oa1")
        #expect(configuration.credentials.first?.keyKind == "EC P-256")
        #expect(configuration.describe().contains("oauth (EC P-256), read"))
        let integration = try #require(configuration.integrations.first)
        #expect(integration.url.origin == "https://acme.okta.com")
        #expect(integration.description == "two lines")
        #expect(integration.dataIngest?.filter == "eventType eq \"a\" or eventType eq \"b\"")
        #expect(integration.dataIngest?.start.description == "2026-11-01T00:00:00Z")
    }

    @Test("a configuration may use a YAML alias")
    func aliases() throws {
        let configuration = try Workspace().load(
            good + "  - name: b\n    url: b.okta.com\n    data_ingest: &i {credential: r, start: now}\n"
                + "  - name: c\n    url: c.okta.com\n    data_ingest: *i\n")
        #expect(configuration.integration(named: "c")?.dataIngest?.start == .now)
    }

    @Test("a configuration may begin with a byte order mark and “---”, and have CRLF line ends")
    func endings() throws {
        let text = "\u{FEFF}---\r\n" + good.replacing("\n", with: "\r\n")
        #expect(try Workspace().load(text).integrations.count == 1)
        #expect(try Workspace().problems(text + "spol: 1\r\n").first?.place.line == 13)
    }

    @Test("a configuration can be shown as text and as JSON")
    func described() throws {
        let configuration = try Workspace().load(good)
        let text = configuration.describe()
        #expect(text.contains("https://acme.okta.com"))
        #expect(
            text.contains(
                "zstd, segments of up to 64MiB, sealed after 5m, collection pauses at 20GiB, nothing is deleted"))
        let json = try JSONSerialization.jsonObject(with: Data(try configuration.summary.json().utf8))
        let object = try #require(json as? [String: Any])
        let spool = try #require(object["spool"] as? [String: Any])
        #expect(spool["segment_max_bytes"] as? Int == 64 << 20)
        #expect((object["integrations"] as? [[String: Any]])?.first?["url"] as? String == "https://acme.okta.com")
    }

    @Test("a configuration with a thousand integrations loads quickly")
    func thousand() throws {
        var text = "credentials: [{name: r}]\nintegrations:\n"
        for index in 0..<1000 {
            text += "  - name: org-\(index)\n    url: https://org\(index).okta.com\n    data_ingest: {credential: r}\n"
        }
        let workspace = try Workspace()
        var count = 0
        let took = try processorTime { count = try workspace.load(text).integrations.count }
        #expect(count == 1000)
        // The limit is far above the usual time, but below the time that a quadratic algorithm would need.
        #expect(took < .seconds(20))
        print("1000 integrations: \(took) of processor time")
    }
}

@Suite("warnings")
struct WarningTests {
    @Test(
        "a setting that is valid but may cause a problem later causes a warning",
        arguments: [
            (
                good.replacing("- name: r", with: "- name: r\n    expires: 2026-11-22"),
                "the credential “r” expired on 2026-11-22"
            ),
            (good.replacing("- name: r", with: "- name: r\n    expires: 2026-11-23"), "expires today"),
            (
                good.replacing("- name: r", with: "- name: r\n    expires: 2026-11-24"),
                "expires tomorrow, on 2026-11-24"
            ),
            (good.replacing("- name: r", with: "- name: r\n    expires: 2026-12-01"), "expires in 8 days"),
            (good.replacing("acme.okta.com", with: "acme-admin.okta.com"), "-admin"),
            (
                good.replacing("response_action:", with: "#").replacing("credential: w", with: ""),
                "the credential “w” is not used"
            ),
            (
                good + "  - name: b\n    url: ACME.okta.com\n    data_ingest: {credential: r}\n",
                "are for the same org, https://acme.okta.com"
            ),
            (good.replacing("credential: r", with: "credential: r\n      start: 200d"), "90 days"),
            (
                good.replacing("credential: r", with: "credential: r\n      start: 2999-01-01T00:00:00Z"),
                "in the future"
            ),
            (good + "my_network: {ip_ranges: [0.0.0.0/0]}\n", "makes every address an address of your organization"),
            (good + "metrics: {textfile: /no/such/metrics.prom}\n", "there is no directory “/no/such”"),
            (good + "spool: {max_bytes: 1MiB}\n", "below the size of one segment"),
            ("# nothing yet\n", "there are no integrations"),
        ])
    func given(_ text: String, _ says: String) throws {
        let warnings = try Workspace().load(text).warnings
        #expect(warnings.count == 1, "\(warnings)")
        let warning = try #require(warnings.first)
        #expect(warning.description.contains(says), "\(warning)")
        #expect(warning.description.contains(": warning: "))
    }

    @Test("an expiry date that is far off causes no warning")
    func farOff() throws {
        let text = good.replacing("- name: r", with: "- name: r\n    expires: 2026-12-25")
        #expect(try Workspace().load(text).warnings.isEmpty)
    }

    @Test("a secret file that everyone can read causes a warning")
    func worldReadable() throws {
        let workspace = try Workspace()
        let secret = try workspace.write("s", "x", mode: 0o644)
        let text = good.replacing("- name: r", with: "- name: r\n    secret_file: \(secret)")
        let warnings = try workspace.load(text).warnings
        #expect(warnings.map(\.place.line) == [3])
        #expect(warnings.first?.message.contains("every user of this host can read") == true)
    }

    @Test("an empty secret file is refused")
    func emptySecret() throws {
        let workspace = try Workspace()
        let secret = try workspace.write("s", "")
        let problems = try workspace.problems(
            good.replacing("- name: r", with: "- name: r\n    secret_file: \(secret)"))
        #expect(problems.map(\.place.line) == [3])
        #expect(problems.first?.message.contains("is empty") == true)
    }
}

@Suite("conf.d")
struct DropInTests {
    @Test("the files in conf.d are added to the main file in the order of their names")
    func joined() throws {
        let workspace = try Workspace()
        let main = try workspace.write("tributary.yaml", good + "spool: {retention: 3d}\n")
        try workspace.write(
            "conf.d/20-b.yaml", "integrations: [{name: b, url: b.okta.com, data_ingest: {credential: c}}]\n")
        try workspace.write(
            "conf.d/10-a.yaml",
            "spool: {max_bytes: 1GiB}\ncredentials: [{name: c, secret_file: \(workspace.path)/credentials/r}]\n")
        try workspace.write("conf.d/.hidden.yaml", "spol: 1\n")
        try workspace.write("conf.d/README", "spol: 1\n")
        try workspace.write("conf.d/30-off.yaml", "# nothing\n")
        try workspace.write("conf.d/40.yml", "spol: 1\n")
        let configuration = try Configuration.load(path: main, context: try workspace.context())
        #expect(configuration.integrations.map(\.name.text) == ["acme", "b"])
        #expect(configuration.credentials.map(\.name.text) == ["r", "w", "c"])
        #expect(configuration.spool.retention.description == "3d")
        #expect(try Configuration.Retention(parsing: "acknowledged") == .acknowledged)
        #expect(configuration.spool.maxBytes.bytes == 1 << 30)
        #expect(
            configuration.files.map { $0.dropFirst(workspace.path.utf8.count + 1) }
                == ["tributary.yaml", "conf.d/10-a.yaml", "conf.d/20-b.yaml", "conf.d/30-off.yaml"])
        #expect(configuration.warnings.map(\.message).sorted() == ["the file is ignored", "the file sets no key"])
    }

    @Test("if a file in conf.d is a pipe, it is refused immediately")
    func pipe() throws {
        let workspace = try Workspace()
        let main = try workspace.write("tributary.yaml", good)
        try workspace.write("conf.d/10-a.yaml", "# nothing\n")
        #expect(mkfifo("\(workspace.path)/conf.d/20-b.yaml", 0o600) == 0)
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.load(path: main, context: try workspace.context())
        }
        #expect(
            error?.description.contains("20-b.yaml: error: the configuration can't be read: not a regular file")
                == true)
    }

    @Test("if two files set the same key, the configuration is refused, and the message has both positions")
    func setTwice() throws {
        let problems = try Workspace().problems([
            ConfigurationSource(file: "a.yaml", text: good + "spool:\n  retention: 3d\n"),
            ConfigurationSource(file: "b.yaml", text: "spool:\n  retention: 4d\n"),
        ])
        #expect(problems.count == 1)
        #expect(
            problems.first?.description.hasPrefix("b.yaml:2:3: error: “spool.retention” is already set at a.yaml:13:3")
                == true)
    }

    @Test(
        "if two files define a credential of the same name, the configuration is refused, and the message has both positions"
    )
    func nameTwice() throws {
        let problems = try Workspace().problems([
            ConfigurationSource(file: "a.yaml", text: good),
            ConfigurationSource(file: "b.yaml", text: "credentials: [{name: r}]\n"),
        ])
        #expect(
            problems.map(\.description) == [
                "b.yaml:1:22: error: the credential “r” already exists, at a.yaml:2:11; give one of the two another name"
            ])
    }

    @Test("if a file is not valid YAML, problems that this file may cause elsewhere are not reported")
    func noFollowUps() throws {
        let problems = try Workspace().problems([
            ConfigurationSource(file: "a.yaml", text: good.replacing("credential: r", with: "credential: elsewhere")),
            ConfigurationSource(file: "b.yaml", text: "credentials: [{name: elsewhere\n"),
        ])
        #expect(problems.map(\.place.file) == ["b.yaml"])
    }

    @Test("if the main file is missing, the message names the file and says what to do")
    func missing() throws {
        let workspace = try Workspace()
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(path: "\(workspace.path)/no.yaml", context: try workspace.context())
        }
        #expect(
            error.description
                == "\(workspace.path)/no.yaml: error: the configuration can't be read: No such file or directory; create the file, or name another file with --config"
        )
    }

    @Test("if conf.d contains a directory instead of a file, the message names it")
    func directory() throws {
        let workspace = try Workspace()
        let main = try workspace.write("tributary.yaml", good)
        try workspace.write("conf.d/a.yaml/x", "")
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(path: main, context: try workspace.context())
        }
        #expect(error.problems.map(\.place.file) == ["\(workspace.path)/conf.d/a.yaml"])
        #expect(error.description.contains("Is a directory"))
    }
}

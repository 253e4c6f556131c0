import Configuration
import Credentials
import Foundation
import Testing

@testable import Setup

@Suite("changes of configuration files")
struct EditTests {
    private static let hand = """
        # Ours.
        credentials:
          - name: r
          - {name: w, permissions: write}
        my_network:
          domains: [example.com]   # the old one too
        integrations:
          # The first.
          - description: production   # of all
            url: "https://acme.okta.com"  # with a # in it
            # Its name.
            name: acme
            data_ingest:
              # Read only.
              credential: r
              start: 30d

          - name: globex
            url: globex.okta.com
            data_ingest: {credential: r}
          - {name: initech, url: initech.okta.com, data_ingest: {credential: r}}

        """

    private func change(
        _ installation: Installation, _ name: String, _ body: (inout IntegrationRecord) throws -> Void
    ) throws -> String? {
        var edit = try ConfigurationEdit(of: installation.main)
        let present = try edit.load(installation.context)
        var record = IntegrationRecord(try #require(present.integration(named: name)))
        try body(&record)
        _ = try edit.change(to: record, present: present, installation.context)
        _ = try edit.save()
        return installation.read("tributary.yaml")
    }

    @Test("in a file that a person wrote, only the lines of the changed keys differ; other lines and comments stay")
    func handWritten() throws {
        let installation = try Installation(Self.hand)
        let changed = try change(installation, "acme") { record in
            try record.set("url", to: "https://acme-two.okta.com")
            try record.set("description", to: nil)
            try record.set("paused", to: "true")
            try record.set("data_ingest.start", to: "7d")
            try record.set("data_ingest.filter", to: "eventType sw \"user.\"")
            try record.set("response_action.credential", to: "w")
        }
        let expected = Self.hand.replacing(
            """
              - description: production   # of all
                url: "https://acme.okta.com"  # with a # in it
                # Its name.
                name: acme
                data_ingest:
                  # Read only.
                  credential: r
                  start: 30d
            """,
            with: """
                  - url: https://acme-two.okta.com  # with a # in it
                    # Its name.
                    name: acme
                    paused: true
                    data_ingest:
                      # Read only.
                      credential: r
                      start: 7d
                      filter: "eventType sw \\"user.\\""
                    response_action:
                      credential: w
                """)
        #expect(changed == expected)
        // A second change removes the section `response_action`, and sets `paused` to another value.
        let again = try change(installation, "acme") { record in
            record.remove(.responseAction)
            try record.set("paused", to: "false")
        }
        #expect(again?.contains("response_action") == false)
        #expect(again?.contains("    paused: false\n") == true)
    }

    @Test(
        "new lines in a file with Windows line endings have the same line endings; a file with mixed line endings is not changed"
    )
    func windowsLineEnds() throws {
        let returns = Self.hand.replacing("\n", with: "\r\n")
        let installation = try Installation(returns)
        let changed = try #require(
            try change(installation, "acme") { record in
                try record.set("url", to: "https://acme-two.okta.com")
                try record.set("paused", to: "true")
                try record.set("response_action.credential", to: "w")
            })
        let plain = try Installation(Self.hand)
        let expected = try change(plain, "acme") { record in
            try record.set("url", to: "https://acme-two.okta.com")
            try record.set("paused", to: "true")
            try record.set("response_action.credential", to: "w")
        }
        #expect(Array(changed.utf8) == Array((expected ?? "").replacing("\n", with: "\r\n").utf8))

        let mixed = Self.hand.replacing("# Ours.\n", with: "# Ours.\r\n")
        try installation.write("tributary.yaml", mixed)
        let problem = try #require(throws: HandEdit.self) {
            _ = try change(installation, "acme") { try $0.set("paused", to: "true") }
        }
        #expect("\(problem)".contains("mixed line endings"))
        #expect(installation.read("tributary.yaml") == mixed)
    }

    @Test("a mapping in braces is not changed, and the message names its line")
    func braces() throws {
        let installation = try Installation(Self.hand)
        for (name, path, line) in [("initech", "paused", 21), ("globex", "data_ingest.start", 18)] {
            let problem = try #require(throws: HandEdit.self) {
                _ = try change(installation, name) { try $0.set(path, to: path == "paused" ? "true" : "1d") }
            }
            #expect("\(problem)".contains("tributary.yaml:\(line):"), "\(problem)")
        }
        #expect(installation.read("tributary.yaml") == Self.hand)
        // A key outside of the braces can be changed.
        #expect(try change(installation, "globex") { try $0.set("paused", to: "true") }?.contains("paused") == true)
    }

    @Test("text inside a string that looks like a key is not changed; the change is refused")
    func lookalike() throws {
        let text = """
            credentials: [{name: r}]
            integrations:
              - name: acme
                description: "before
                paused: true # after"
                url: acme.okta.com
                data_ingest: {credential: r}

            """
        let installation = try Installation(text)
        #expect(try installation.load().integration(named: "acme")?.paused == false)
        #expect(throws: HandEdit.self) { _ = try change(installation, "acme") { try $0.set("paused", to: "true") } }
        #expect(installation.read("tributary.yaml") == text)
    }

    @Test("a change that would make the configuration invalid is refused, and the message says why")
    func wrong() throws {
        let installation = try Installation(Self.hand)
        let error = try #require(throws: ConfigurationError.self) {
            _ = try change(installation, "acme") { try $0.set("data_ingest.credential", to: "nobody") }
        }
        #expect("\(error)".contains("there is no credential"))
        #expect(installation.read("tributary.yaml") == Self.hand)
    }

    @Test("integrations of a list can be removed one after the other, except one in braces")
    func removal() throws {
        func removed(_ name: String, _ installation: Installation) throws {
            var edit = try ConfigurationEdit(of: installation.main)
            _ = try edit.removeIntegration(
                try Name(parsing: name), present: edit.load(installation.context), installation.context)
            _ = try edit.save()
        }
        let installation = try Installation(Self.hand)
        #expect(throws: HandEdit.self) { try removed("initech", installation) }
        try removed("globex", installation)
        #expect(try installation.load().integrations.map(\.name.text) == ["acme", "initech"])
        try removed("acme", installation)
        #expect(try installation.load().integrations.map(\.name.text) == ["initech"])
        #expect(installation.read("tributary.yaml")?.contains("# The first.") == true)
    }

    @Test(
        "removing an integration also removes its file if `integration add` made the file and it contains nothing else")
    func ownFile() throws {
        var record = IntegrationRecord(name: try Name(parsing: "acme"))
        try record.set("url", to: "acme.okta.com")
        try record.set("data_ingest.credential", to: "r")
        let more = "  - name: globex\n    url: globex.okta.com\n    data_ingest:\n      credential: r\n"
        let installation = try Installation(
            "credentials:\n  - name: r\n", dropIns: ["acme.yaml": record.yaml + more])
        for (name, left) in [("globex", record.yaml), ("acme", nil)] {
            var edit = try ConfigurationEdit(of: installation.main)
            _ = try edit.removeIntegration(
                try Name(parsing: name), present: edit.load(installation.context), installation.context)
            let saved = try edit.save()
            #expect(installation.read("conf.d/acme.yaml") == left)
            if left == nil {
                try saved.takeBack()
                #expect(installation.read("conf.d/acme.yaml") == record.yaml)
            }
        }
    }

    @Test(
        "a new file never replaces another, a changed file keeps its mode, a file that another process has changed is left alone, and all changes can be undone"
    )
    func files() throws {
        let installation = try Installation()
        let main = installation.main
        try installation.write("tributary.yaml", "record: {raw_data: true}\n", mode: 0o640)
        var edit = try ConfigurationEdit(of: main)
        edit.put("record: {raw_data: false}\n", into: main)
        edit.put("credentials:\n  - name: r\n", into: edit.dropIn("a.yaml"))
        let before = try installation.files()
        try installation.write("conf.d/a.yaml", "# mine\n")
        let taken = try #require(throws: CredentialFileError.self) { _ = try edit.save() }
        #expect("\(taken)".contains("a.yaml already exists"))
        #expect(installation.read("conf.d/a.yaml") == "# mine\n")
        #expect(
            installation.read("tributary.yaml") == before["tributary.yaml"], "the first file was restored")
        try FileManager.default.removeItem(atPath: edit.dropIn("a.yaml"))

        let saved = try edit.save()
        #expect(saved.files == [main, edit.dropIn("a.yaml")])
        let mode = try FileManager.default.attributesOfItem(atPath: main)[.posixPermissions] as? Int
        #expect(mode == 0o640)
        try saved.takeBack()
        #expect(try installation.files() == before)

        try installation.write("tributary.yaml", "record: {raw_data: true, datetime: true}\n")
        let meanwhile = try #require(throws: CredentialFileError.self) { _ = try edit.save() }
        #expect("\(meanwhile)".contains("was changed by another process while this command ran"))
        #expect(installation.read("conf.d/a.yaml") == nil)
    }

    @Test("undoing restores every file except those that another process has changed since")
    func takeBack() throws {
        let installation = try Installation(dropIns: ["a.yaml": "credentials:\n  - name: a\n"])
        let before = try installation.files()
        var edit = try ConfigurationEdit(of: installation.main)
        edit.put("record: {raw_data: false}\n", into: installation.main)
        edit.remove(edit.dropIn("a.yaml"))
        edit.put("credentials:\n  - name: b\n", into: edit.dropIn("b.yaml"))
        let saved = try edit.save()
        #expect(installation.read("conf.d/a.yaml") == nil)
        try installation.write("conf.d/b.yaml", "# mine\n")
        let error = try #require(throws: CredentialFileError.self) { try saved.takeBack() }
        #expect(
            "\(error)" == "\(edit.dropIn("b.yaml")) was not restored, because another process has changed it since")
        var after = try installation.files()
        #expect(after.removeValue(forKey: "conf.d/b.yaml") == "# mine\n")
        #expect(after == before)
    }

    @Test(
        "a key of `my_network` is changed in the file that sets it; a key that no file sets is written to a new file, even if its value is empty"
    )
    func myNetwork() throws {
        func set(_ new: MyNetwork, _ installation: Installation) throws {
            var edit = try ConfigurationEdit(of: installation.main)
            _ = try edit.change(to: new, present: edit.load(installation.context), installation.context)
            _ = try edit.save()
        }
        let one = MyNetwork(
            domains: [try DomainName(parsing: "example.com"), try DomainName(parsing: "example.net")],
            ranges: [try IPRange(parsing: "203.0.113.0/24"), try IPRange(parsing: "2001:db8::/32")])
        let fresh = try Installation("my_network:\n  #domains: [a.example]\n")
        #expect(try !ConfigurationEdit(of: fresh.main).saysMyNetwork)
        try set(MyNetwork(), fresh)
        #expect(try ConfigurationEdit(of: fresh.main).saysMyNetwork)
        try set(one, fresh)
        #expect(MyNetwork(try fresh.load()) == one)
        #expect(fresh.read("tributary.yaml") == "my_network:\n  #domains: [a.example]\n")

        let written = try Installation(Self.hand)
        try set(one, written)
        #expect(MyNetwork(try written.load()) == one)
        #expect(written.read("tributary.yaml")?.contains("[example.com, example.net]   # the old one too") == true)
        #expect(
            written.read("conf.d/my_network.yaml")?.contains("ip_ranges: [203.0.113.0/24, \"2001:db8::/32\"]") == true)

        let list = try Installation("my_network:\n  domains:\n    - a.example\n    - b.example # kept\n")
        #expect(throws: HandEdit.self) { try set(one, list) }
        let plain = try Installation("my_network:\n  domains:\n  - a.example\n  - b.example\n  ip_ranges: []\n")
        try set(one, plain)
        #expect(MyNetwork(try plain.load()) == one)
    }
}

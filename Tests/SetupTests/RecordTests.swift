import Configuration
import Testing

@testable import Setup

@Suite("files in conf.d that commands create")
struct RecordTests {
    @Test("the YAML that is written for an integration has the entered values, even with special characters")
    func integration() throws {
        var record = IntegrationRecord(name: try Name(parsing: "acme"))
        try record.set("url", to: " HTTPS://Acme-Admin.okta.com/admin/dashboard ")
        try record.set("description", to: "a: \"b\" # {c} \\ é '")
        try record.set("data_ingest.credential", to: "r")
        try record.set("data_ingest.filter", to: "eventType eq \"user.session.start\"")
        try record.set("data_ingest.page_size", to: "10")
        #expect(record["url"] == "https://acme.okta.com")
        #expect(record.kinds == [.dataIngest])
        let installation = try Installation("credentials:\n  - name: r\n", dropIns: [record.fileName: record.yaml])
        let read = try #require(try installation.load().integration(named: "acme"))
        #expect(record.agrees(with: read))
        #expect(read.dataIngest?.pageSize == 10)
        try record.set("data_ingest.page_size", to: "11")
        #expect(!record.agrees(with: read))
    }

    @Test(
        "a value that a key does not accept is refused, and the message says what to write",
        arguments: [
            ("url", "acme"), ("url", "https://user:pw@acme.okta.com"), ("data_ingest.start", "yesterday"),
            ("data_ingest.page_size", "1001"), ("data_ingest.credential", "Acme"), ("paused", "perhaps"),
            ("description", "00abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"),
        ])
    func refused(_ path: String, _ text: String) throws {
        var record = IntegrationRecord(name: try Name(parsing: "acme"))
        let error = try #require(throws: ValueError.self) { try record.set(path, to: text) }
        #expect(error.description.contains(";") || error.message.contains(":"), "\(error)")
        #expect(record[path] == nil)
        #expect(!"\(error)".contains("00abc"))
    }

    @Test(
        "the YAML that is written for a credential has the entered values, even with special characters"
    )
    func credential() throws {
        var record = CredentialRecord(name: try Name(parsing: "acme-read"), type: .apiToken)
        record.description = "a: \"b\" # {c} \\ é '"
        record.expires = try CalendarDate(parsing: "2027-03-01")
        record.secretFile = "/etc/tributary/a b"
        let installation = try Installation(dropIns: ["credential-acme-read.yaml": record.yaml])
        let read = try #require(try installation.load().credential(named: "acme-read"))
        #expect(CredentialRecord(read) == record)
    }

    @Test(
        "a name that looks like a secret or like a reserved word of YAML is read back as the same name",
        arguments: ["eu1-2", "4x4", "007", "00org", "null", "true", "1e5"])
    func strangeNames(_ text: String) throws {
        let installation = try Installation()
        var credential = CredentialRecord(name: try Name(parsing: "\(text)-read"), type: .apiToken)
        credential.secretFile = "\(installation.path)/credentials/\(text)-read"
        var plain = CredentialRecord(name: try Name(parsing: text), type: .apiToken)
        plain.secretFile = "\(installation.path)/credentials/\(text)"
        var record = IntegrationRecord(name: try Name(parsing: text))
        try record.set("url", to: "acme.okta.com")
        try record.set("data_ingest.credential", to: "\(text)-read")
        try installation.write("conf.d/credential-\(text)-read.yaml", credential.yaml)
        try installation.write("conf.d/credential-\(text).yaml", plain.yaml)
        try installation.write("conf.d/\(record.fileName)", record.yaml)
        let configuration = try installation.load()
        let integration = try #require(configuration.integration(named: text))
        #expect(record.agrees(with: integration))
        for expected in [credential, plain] {
            let read = try #require(configuration.credential(named: expected.name.text))
            #expect(CredentialRecord(read) == expected)
        }
    }

    @Test("a credential is saved or removed only if the whole configuration is valid afterwards")
    func credentialFiles() throws {
        let installation = try Installation()
        let before = try installation.files()
        let record = CredentialRecord(name: try Name(parsing: "acme-read"), type: .oauth)
        // This credential is of a service app, but has no client ID.
        #expect(throws: ConfigurationError.self) {
            try record.save(configuration: installation.main, context: try installation.context)
        }
        #expect(try installation.files() == before)
        var good = record
        good.clientID = "0oa1"
        try good.save(configuration: installation.main, context: try installation.context)
        #expect(installation.read("conf.d/credential-acme-read.yaml") == good.yaml)
        try CredentialRecord.remove(
            record.name, configuration: installation.main, context: try installation.context)
        #expect(try installation.files() == before)
    }
}

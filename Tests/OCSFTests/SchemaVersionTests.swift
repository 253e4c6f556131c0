import Foundation
import Testing

@testable import OCSF

@Suite("Records of older OCSF versions") struct SchemaVersionTests {
    private func record(_ event: String, _ version: SchemaVersion, observables: Bool = true) throws -> JSON {
        try OCSFTests.record(
            event, NormalizerSettings(rawData: false, observables: observables, schemaVersion: version))
    }

    @Test("a record names its OCSF version", arguments: SchemaVersion.allCases)
    func version(version: SchemaVersion) throws {
        #expect(try record(signIn(), version).text("metadata.version") == version.rawValue)
    }

    @Test("an attribute that the OCSF version lacks is kept in `unmapped`, under Okta's own path")
    func lacking() throws {
        let event = try signIn([
            "client": ["ipAddress": "203.0.113.9", "id": NSNull()],
            "securityContext": ["isp": "example isp"],
        ])
        let new = try record(event, .v1_8_0)
        #expect(new.text("src_endpoint.isp") == "example isp")
        #expect(new["unmapped.securityContext"] == nil)
        #expect(new.text("src_endpoint.fingerprints.0.value") == "d7")
        let old = try record(event, .v1_3_0)
        #expect(old["src_endpoint.isp"] == nil)
        #expect(old.text("unmapped.securityContext.isp") == "example isp", "1.3.0 has the isp only in the location")
        #expect(old["src_endpoint.fingerprints"] == nil)
        #expect(old.text("unmapped.debugContext.debugData.dtHash") == "d7")
        #expect(old.text("src_endpoint.ip") == "203.0.113.9")
        #expect(old["unmapped.client.ipAddress"] == nil, "a value in an attribute is not also in unmapped")
        #expect(old["unmapped.uuid"] == nil, "the uuid is in metadata.uid, so it is not also in unmapped")
    }

    @Test("in OCSF 1.3.0, the name of the internet provider is in the location")
    func isp() throws {
        let old = try record(signIn(), .v1_3_0)
        #expect(old.text("src_endpoint.location.isp") == "example isp")
        #expect(old["unmapped.securityContext.isp"] == nil)
    }

    @Test(
        "if the OCSF version lacks a value, the record has the value Other, and the name of the original value",
        arguments: [SchemaVersion.v1_5_0, .v1_3_0])
    func value(version: SchemaVersion) throws {
        let client = ["id": "0oa1", "type": "PublicClientApp", "alternateId": "0oa1", "displayName": "CI"]
        let event = try signIn(["actor": client, "target": []])
        #expect(try record(event, .v1_8_0).number("user.type_id") == 4)
        let old = try record(event, version)
        #expect(old.number("user.type_id") == 99)
        #expect(old.text("user.type") == "Service")
    }

    @Test("if the OCSF version lacks an activity, the record has the activity Other")
    func activity() throws {
        let user = ["id": "00ubob", "type": "User", "alternateId": "bob@example.com", "displayName": "Bob"]
        let event = try signIn(["eventType": "user.account.unlock", "target": [user]])
        let new = try record(event, .v1_8_0)
        #expect(new.number("type_uid") == 300_112)
        let old = try record(event, .v1_3_0)
        #expect(old.number("activity_id") == 99)
        #expect(old.number("type_uid") == 300_199)
        #expect(old.text("activity_name") == "user.account.unlock")
    }

    @Test(
        "in OCSF 1.3.0, which lacks Application Error, an application's error gets the class Web Resources Activity"
    )
    func applicationError() throws {
        let event = try signIn(["eventType": "application.integration.rate_limit_exceeded"])
        #expect(try record(event, .v1_5_0).number("class_uid") == 6008)
        let old = try record(event, .v1_3_0)
        #expect(old.number("class_uid") == 6001)
        #expect(old.text("activity_name") == "application.integration.rate_limit_exceeded")
        #expect(old.text("web_resources.0.name") == "Wiki")
        #expect(old.text("actor.user.name") == "ada@example.com")
        #expect(old.text("src_endpoint.ip") == "203.0.113.9")
        #expect(old.texts("metadata.profiles") == ["host"])
    }

    @Test("if OCSF 1.3.0 requires attributes that Okta does not provide, the record has the class Entity Management")
    func notFillable() throws {
        let staff = ["id": "00gstaff", "type": "UserGroup", "displayName": "Staff"]
        let created = try record(signIn(["eventType": "group.lifecycle.create", "target": [staff]]), .v1_3_0)
        #expect(created.number("class_uid") == 3004)
        #expect(created.number("activity_id") == 1)
        #expect(created.text("entity.group.uid") == "00gstaff")
        let bob = ["id": "00ubob", "type": "User", "alternateId": "bob@example.com", "displayName": "Bob"]
        let sent = try record(
            signIn(["eventType": "system.email.password_reset.sent_message", "target": [bob]]), .v1_3_0)
        #expect(sent.number("class_uid") == 3004, "an e-mail needs a sender in 1.3.0, which Okta does not provide")
        #expect(sent.text("entity.user.email_addr") == "bob@example.com")
        #expect(sent.text("actor.user.name") == "ada@example.com")
    }

    @Test("a record lists only profiles that its OCSF version has", arguments: [SchemaVersion.v1_8_0, .v1_3_0])
    func profiles(version: SchemaVersion) throws {
        let event = try signIn(["outcome": ["result": "DENY"]])
        let profiles = try record(event, version).texts("metadata.profiles")
        #expect(
            profiles == (version == .v1_8_0 ? ["security_control"] : []), "in OCSF 1.3.0, Authentication has no action")
    }

    @Test("every observable refers to an attribute that is still in the record", arguments: SchemaVersion.allCases)
    func observables(version: SchemaVersion) throws {
        for event in try RecordExamples.events().map(\.event) + RecordExamples.others() {
            let record = try OCSFTests.record(event, NormalizerSettings(schemaVersion: version))
            for observable in record["observables"] as? [[String: Any]] ?? [] {
                let path = try #require(observable["name"] as? String)
                let parts = path.replacing("[", with: ".").replacing("]", with: "")
                #expect(record.text(parts) == observable["value"] as? String, "\(path)")
            }
        }
    }

    @Test("in OCSF 1.3.0, which allows only one resource, an application assignment has the application in `resource`")
    func resource() throws {
        let bob = ["id": "00ubob", "type": "User", "alternateId": "bob@example.com", "displayName": "Bob"]
        let wiki = ["id": "0oawiki", "type": "AppInstance", "displayName": "Wiki"]
        let event = try signIn(["eventType": "application.user_membership.add", "target": [bob, wiki]])
        #expect(try record(event, .v1_5_0).text("resources.0.uid") == "0oawiki")
        let old = try record(event, .v1_3_0)
        #expect(old.text("resource.uid") == "0oawiki")
        #expect(old["resources"] == nil)
    }

    @Test("a new version of OCSF needs only a table, even if the version renames a class and lacks an attribute")
    func anotherVersion() throws {
        let bytes = try #require(try SchemaTable.builtIn(.v1_5_0))
        #expect(bytes.classes.count == OCSFKind.allCases.count)
        let table = """
            class\tbase_event\t0\t0\tAny Event\tUncategorized
            \tactivity_id\t-\tr\t-\tactivity_name\t0=Unknown|99=Other
            \tactivity_name\t-\t-\t-\t-\t-
            \tclass_uid\t-\tr\t-\tclass_name\t-
            \tclass_name\t-\t-\t-\t-\t-
            \tmetadata\tmetadata\tr\t-\t-\t-
            \ttime\t-\tr\t-\t-\t-
            \tseverity_id\t-\t-\t-\tseverity\t0|99
            \tseverity\t-\t-\t-\t-\t-
            object\tmetadata
            \tuid\t-\t-\t-\t-\t-
            \tversion\t-\tr\t-\t-\t-
            """
        let schema = RecordSchema(.v1_5_0, table: try SchemaTable(version: "9.9.9", table: table, choices: ""))
        #expect(schema.placed(.authentication, 1) == (.base, 99))
        let digest = try #require(SHA256Digest())
        let tape = try #require(JSONTape(keys: OktaKey.allCases.map { ($0.name, $0.rawValue) }))
        var mapping = try RecordMapping(
            settings: NormalizerSettings(rawData: false), catalog: builtInCatalog.get(), schema: schema, digest: digest)
        mapping.constants = acme.constants
        let event = Array(try signIn().utf8)
        let text = try event.withUnsafeBytes { buffer in
            let nodes = try tape.parse(buffer).get().nodes
            let start = try #require(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
            _ = try mapping.write(start, event.count, nodes: nodes, collectedAt: collectedAt)
            return String(decoding: mapping.writer.bytes, as: UTF8.self)
        }
        let record = try JSON(text)
        #expect(record.text("class_name") == "Any Event")
        #expect(record.number("severity_id") == 99)
        #expect(record.text("severity") == "Informational")
        #expect(record["status_id"] == nil)
        #expect(record.text("unmapped.actor.id") == "00uada")
    }

    @Test("a table with a mistake is refused, and the message names the line")
    func brokenTable() {
        #expect(throws: SchemaTableError.self) { try SchemaTable(version: "9.9.9", table: "nonsense", choices: "") }
        do {
            _ = try SchemaTable(version: "9.9.9", table: "object\ta\n\tb\tmissing\t-\t-\t-\t-", choices: "")
            Issue.record("a table that names a missing object was accepted")
        } catch {
            #expect("\(error)" == "the table of OCSF 9.9.9, line 2: the table has no object “missing”")
        }
    }

    @Test(
        "the tables in Sources/CRecordSchemas are the output of scripts/make-schema-table.py",
        .enabled(if: shared != nil, "set TRIBUTARY_SHARED"),
        arguments: SchemaVersion.allCases.filter { $0 != .native })
    func tables(version: SchemaVersion) throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", package.appending(path: "scripts/make-schema-table.py").path,
            try #require(shared).appending(path: "ocsf/ocsf-\(version.rawValue).json").path,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let made = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let file = package.appending(path: "Sources/CRecordSchemas/ocsf-\(version.rawValue).tsv")
        #expect(try String(contentsOf: file, encoding: .utf8) == made)
    }
}

import Foundation
import TestSupport
import Testing

@testable import OCSF

/// The file with the event catalogue for operators.
let catalogueFile = Repository.file("config/event-catalogue.tsv")

@Suite("the event catalogue") struct EventCatalogTests {
    @Test("the catalogue has every row of the file")
    func everyRow() throws {
        let catalog = try builtInCatalog.get()
        let rows = try String(contentsOf: catalogueFile, encoding: .utf8).split(separator: "\n").filter {
            !$0.hasPrefix("#")
        }
        #expect(rows.count == catalog.count)
        #expect(rows.count > 1_300)
        for row in rows {
            let columns = row.split(separator: "\t", omittingEmptySubsequences: false)
            let mapping = try withText(String(columns[0])) { catalog.mapping(of: $0) }
            #expect(String(mapping.kind.facts.uid) == columns[1], "\(columns[0])")
            #expect(String(mapping.activity) == columns[2], "\(columns[0])")
            #expect(mapping.kind.facts.caption == columns[3], "\(columns[0])")
        }
    }

    @Test("the README says how many event types the catalogue has")
    func readme() throws {
        let count = try builtInCatalog.get().count
        let readme = try String(contentsOf: Repository.file("README.md"), encoding: .utf8)
        let words = "All \(String(format: "%d,%03d", count / 1_000, count % 1_000)) catalogued types"
        #expect(readme.contains(words), "README.md does not say: \(words)")
    }

    @Test(
        "an event type that has no row gets the class of similar types",
        arguments: [
            ("user.authentication.auth_via_palm", 3002, 99),
            ("user.mfa.factor.palm", 3001, 99),
            ("zone.palm.create", 3004, 1),
            ("system.palm.lifecycle.deactivate", 3004, 11),
            ("user.palm.wave", 3002, 99),
            ("palm.wave.create", 3004, 1),
            ("palm.wave", 0, 99),
            ("palm", 0, 99),
            ("", 0, 99),
            ("....", 0, 99),
        ])
    func unknown(type: String, uid: Int, activity: Int) throws {
        let catalog = try builtInCatalog.get()
        let mapping = try withText(type) { catalog.mapping(of: $0) }
        #expect(mapping.kind.facts.uid == uid)
        #expect(mapping.activity == activity)
    }

    @Test("a site's rows override the built-in ones and add to them")
    func siteRows() throws {
        let text = "# ours\r\nuser.session.start\t3004\t99\r\n\r\nacme.door.open\t3002\t1\tAuthentication\tA1\n"
        let catalog = try EventCatalog.builtIn(with: [(file: "site.tsv", text: text)])
        #expect(try withText("user.session.start") { catalog.mapping(of: $0) }.kind == .entity)
        #expect(try withText("acme.door.open") { catalog.mapping(of: $0) }.kind == .authentication)
        #expect(try withText("user.session.end") { catalog.mapping(of: $0) }.kind == .authentication)
        #expect(try catalog.count == EventCatalog.builtIn().count + 1)
    }

    @Test("a site's row replaces the built-in ATT&CK tag if it has the column attack; otherwise the tag is kept")
    func siteAttacks() throws {
        func attacks(_ row: String) throws -> JSON {
            let catalog = try EventCatalog.builtIn(with: [(file: "site.tsv", text: row)])
            let normalizer = try makeNormalizer(catalog: catalog)
            var sink = Collected()
            Array(try signIn(["eventType": "zone.delete"]).utf8).withUnsafeBytes {
                normalizer.normalizeEvent($0, source: acme, offset: 0, collectedAt: collectedAt, into: &sink)
            }
            return try JSON(try #require(sink.records.first?.text))
        }
        #expect(try attacks("").text("attacks.0.sub_technique.uid") == "T1562.007")
        let kept = try attacks("zone.delete\t0\t99\n")
        #expect(kept.number("class_uid") == 0)
        #expect(kept.text("attacks.0.technique.uid") == "T1562")
        #expect(try attacks("zone.delete\t0\t99\t-\t-\t-\t-\t-\n")["attacks"] == nil)
        let own = try attacks("zone.delete\t3004\t4\t-\t-\t-\t-\tTA0040:T1531,TA0005:T1562.001\n")
        #expect(own.text("attacks.0.tactic.name") == "Impact")
        #expect(own.text("attacks.0.technique.uid") == "T1531")
        #expect(own.text("attacks.1.sub_technique.uid") == "T1562.001")
        #expect(own.texts("metadata.profiles").contains("security_control"))
    }

    @Test("an event type that has no row does not get the ATT&CK tag of similar types")
    func unknownAttack() throws {
        let record = try record(try signIn(["eventType": "user.mfa.factor.palm"]))
        #expect(record["attacks"] == nil)
    }

    @Test(
        "a bad row is refused, and the message names its file and line",
        arguments: [
            ("a.b\t3002", 1, "column"),
            ("# x\na.b\t3003\t1", 2, "3003"),
            ("a.b\t3002\t1\nc.d\t3002\t12", 2, "activity_id"),
            ("a.b\tx\t1", 1, "class_uid"),
            ("a b\t3002\t1", 1, "event type"),
            ("\t3002\t1", 1, "event type"),
            ("a.b\t3002\t1\na.b\t3002\t2", 2, "line 1"),
            ("a.b\t3002\t1\tAuthentication\trule", 1, "rule"),
            ("a.b\t3002\t1\t-\t-\t-\t-\tT1098", 1, "attack"),
            ("a.b\t3002\t1\t-\t-\t-\t-\tTA0003:T1098.03", 1, "attack"),
            ("a.b\t3002\t1\t-\t-\t-\t-\tTA0003:T1098.003,Persistence", 1, "attack"),
        ])
    func badRow(text: String, line: Int, word: String) throws {
        let error = #expect(throws: EventCatalogError.self) {
            try EventCatalog.builtIn(with: [(file: "site.tsv", text: text)])
        }
        #expect(error?.line == line)
        #expect(error?.description.hasPrefix("site.tsv:\(line): ") ?? false)
        #expect(error?.problem.contains(word) ?? false, "\(error?.problem ?? "")")
    }

    @Test("each key of an event is declared once, with the name that Okta uses")
    func keyNames() {
        #expect(OktaKey.osPlatformSnake.name == "os_platform")
        #expect(OktaKey.authenticationContext.name == "authenticationContext")
        #expect(Set(OktaKey.allCases.map(\.name)).count == OktaKey.allCases.count)
    }
}

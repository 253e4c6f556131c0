import Foundation
import TestSupport
import Testing

@testable import OCSF

/// Compares docs/record-schema.md with the code. `make docs` rewrites the generated parts.
@Suite("docs/record-schema.md", .serialized) struct RecordSchemaTests {
    static let file = Repository.file("docs/record-schema.md")

    @Test("every field of a record is in the table, and every field in the table occurs in a record")
    func fields() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        let documented = Self.documentedPaths(text)
        #expect(documented.count > 100)
        let made = try Self.madePaths()
        let known = documented.reduce(into: Set<String>()) { $0.formUnion($1.paths) }
        let undocumented = made.subtracting(known).sorted()
        #expect(undocumented.isEmpty, "in records, not in the table: \(undocumented.joined(separator: ", "))")
        let unmade = documented.filter { $0.paths.isDisjoint(with: made) }.map(\.token)
        #expect(unmade.isEmpty, "in the table, in no record: \(unmade.joined(separator: ", "))")
    }

    @Test("the examples are the output of the code, one for each class")
    func examples() throws {
        let normalizer = try makeNormalizer(NormalizerSettings(rawData: false, network: RecordExamples.network))
        let source = EventSource(orgHost: "acme.okta.com", logURL: "https://acme.okta.com/api/v1/logs")
        var text = ""
        let events = try RecordExamples.events()
        #expect(events.map(\.kind) == OCSFKind.allCases)
        for (kind, event) in events {
            var sink = Collected()
            Array(event.utf8).withUnsafeBytes {
                normalizer.normalizeEvent($0, source: source, offset: 0, collectedAt: collectedAt, into: &sink)
            }
            let made = try #require(sink.records.first)
            #expect(made.head.kind == kind, "\(kind)")
            #expect(!made.head.isFallback, "\(kind)")
            let facts = kind.facts
            text += "<details><summary>\(facts.caption) (\(facts.uid)): "
            text += "<code>\(try JSON(made.text).text("metadata.event_code") ?? "")</code></summary>\n\n"
            text += "```json\n\(OrderedJSON(made.text).laidOut())\n```\n\n</details>\n\n"
        }
        try MadePart(of: "docs/record-schema.md", named: "records").check(text)
    }

    @Test(
        "docs/record-schema.md explains exactly the rules of the catalogue, each with the classes and activities of its rows"
    )
    func rules() throws {
        var rows: [String: Set<String>] = [:]
        for row in try String(contentsOf: catalogueFile, encoding: .utf8).split(separator: "\n")
        where !row.hasPrefix("#") {
            let columns = row.split(separator: "\t", omittingEmptySubsequences: false)
            try #require(columns.count == 9, "\(row)")
            rows[String(columns[4]), default: []].insert("\(columns[1])/\(columns[2])")
        }
        let page = try String(contentsOf: Self.file, encoding: .utf8)
        let section = try #require(page.components(separatedBy: "### The catalogue's rules\n").dropFirst().first)
        var explained: [String: Set<String>] = [:]
        for line in section.components(separatedBy: "\n## ")[0].split(separator: "\n") {
            guard let match = line.wholeMatch(of: /\| ([A-Z]\d+) \| ([^|]+) \| [^|]+ \|/) else { continue }
            #expect(explained[String(match.1)] == nil, "\(match.1) is explained twice")
            for part in match.2.components(separatedBy: "; ") {
                let halves = part.components(separatedBy: ": ")
                try #require(halves.count == 2, "\(line)")
                for activity in halves[1].components(separatedBy: ", ") {
                    explained[String(match.1), default: []].insert("\(halves[0])/\(activity)")
                }
            }
        }
        for rule in Set(rows.keys).union(explained.keys).sorted() {
            #expect(
                explained[rule] == rows[rule], "the rule \(rule): docs/record-schema.md and the catalogue's rows differ"
            )
        }
    }

    @Test("docs/record-schema.md has the ATT&CK tags of the catalogue, each with its name and source")
    func attacks() throws {
        var text = "| event type | tactic | technique | who says so |\n|---|---|---|---|\n"
        for row in try String(contentsOf: catalogueFile, encoding: .utf8).split(separator: "\n")
        where !row.hasPrefix("#") {
            let columns = row.split(separator: "\t", omittingEmptySubsequences: false)
            try #require(columns.count == 9, "\(row)")
            guard columns[7] != "-" else {
                #expect(columns[8] == "-", "\(row)")
                continue
            }
            #expect(columns[8].contains(" "), "\(row)")
            for part in columns[7].split(separator: ",") {
                let attack = try #require(Attack(part))
                let tactic = try #require(Attack.names[String(attack.tactic)])
                let technique = try #require(Attack.names[String(attack.technique)])
                var name = "\(attack.technique) \(technique)"
                if let sub = attack.subTechnique {
                    name = "\(sub) \(technique): \(try #require(Attack.names[String(sub)]))"
                }
                text += "| `\(columns[0])` | \(attack.tactic) \(tactic) | \(name) | \(columns[8]) |\n"
            }
        }
        try MadePart(of: "docs/record-schema.md", named: "attacks").check(text)
    }

    /// The paths in the second column of the page's field tables. A path that begins with a dot is in the same object as the path before it. A name
    /// such as ‹user› stands for several paths; a table of the page lists these names with their paths.
    static func documentedPaths(_ text: String) -> [(token: String, paths: Set<String>)] {
        var places: [String: [String]] = [:]
        var found: [(token: String, paths: Set<String>)] = []
        var isInside = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") {
                isInside = line.hasSuffix("From LogEvent to record") || (isInside && line.hasPrefix("###"))
            }
            guard isInside, line.hasPrefix("|") else { continue }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count > 3 else { continue }
            let tokens = cells[2].split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
            let first = cells[1].filter { $0 != "`" && $0 != " " }
            if first.hasPrefix("‹") {
                places[first] = tokens
                continue
            }
            var parent = ""
            for token in tokens {
                let whole = token.hasPrefix(".") ? parent + token : token
                parent = whole.split(separator: ".").dropLast().joined(separator: ".")
                var paths: Set<String> = [whole]
                for (name, stands) in places where whole.hasPrefix(name) {
                    paths = Set(stands.map { $0 + whole.dropFirst(name.count) })
                }
                found.append((token, paths))
            }
        }
        return found
    }

    /// The paths of all values in the records of the examples and of an event of each type. The records are made with all options, in each version
    /// of OCSF.
    static func madePaths() throws -> Set<String> {
        let types = try String(contentsOf: catalogueFile, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.map { String($0.prefix { $0 != "\t" }) }
        var random = SeededGenerator(seed: 11)
        let events =
            try RecordExamples.events().map(\.event) + RecordExamples.others() + NoLossTests.oddShapes
            + types.map { try SyntheticEvent.make(type: $0, &random) }
        let source = EventSource(orgHost: "acme.okta.com", logURL: "https://acme.okta.com/api/v1/logs")
        var sink = Collected()
        for version in SchemaVersion.allCases {
            let normalizer = try makeNormalizer(
                NormalizerSettings(datetime: true, network: RecordExamples.network, schemaVersion: version))
            for event in events {
                Array(event.utf8).withUnsafeBytes {
                    normalizer.normalizeEvent($0, source: source, offset: 0, collectedAt: collectedAt, into: &sink)
                }
            }
        }
        var paths: Set<String> = []
        func walk(_ value: Any, _ path: String) {
            if path == "unmapped" || path.hasSuffix(".data") {
                paths.insert(path)
            } else if let object = value as? [String: Any] {
                for (key, child) in object { walk(child, path.isEmpty ? key : "\(path).\(key)") }
            } else if let list = value as? [Any] {
                for child in list { walk(child, path + "[]") }
            } else {
                paths.insert(path)
            }
        }
        for record in sink.records { walk(try JSON(record.text).value, "") }
        return paths
    }
}

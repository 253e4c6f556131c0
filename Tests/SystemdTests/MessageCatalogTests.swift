import Foundation
import TestSupport
import Testing

@testable import Systemd

@Suite("The journal's message catalogue")
struct MessageCatalogTests {
    private struct Entry {
        var id: String
        var headers: [String: String]
        var body: String
    }

    private let entries: [Entry]
    private let text: String

    init() throws {
        text = try String(contentsOf: Repository.file("systemd/tributary.catalog"), encoding: .utf8)
        entries = text.components(separatedBy: "\n-- ").dropFirst().map { part in
            var lines = part.components(separatedBy: "\n")
            let id = lines.removeFirst()
            let end = lines.firstIndex(of: "") ?? lines.endIndex
            let headers = lines[..<end].compactMap { line -> (String, String)? in
                guard let colon = line.range(of: ": ") else { return nil }
                return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
            }
            return Entry(
                id: id, headers: Dictionary(headers) { first, _ in first },
                body: lines[end...].joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    @Test("the catalogue has one entry for each message id, and no other entries")
    func sameIDs() {
        #expect(entries.map(\.id).sorted() == MessageID.allCases.map(\.rawValue).sorted())
    }

    @Test("each message id is a random UUID in 32 lower-case hexadecimal digits, as systemd-id128 prints it")
    func ids() {
        for id in MessageID.allCases {
            #expect(id.rawValue.wholeMatch(of: /[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}/) != nil, "\(id)")
        }
    }

    @Test("each entry has the headers Subject and Defined-By, and an explanation in lines of at most 80 characters")
    func complete() {
        for entry in entries {
            for header in ["Subject", "Defined-By"] {
                #expect(entry.headers[header] != nil, "\(entry.id)")
            }
            #expect(entry.body.count > 40, "\(entry.id)")
            for line in entry.body.components(separatedBy: "\n") { #expect(line.count <= 80, "\(entry.id): \(line)") }
        }
    }

    @Test("docs/journal.md has every event with its subject, its priority and its id")
    func document() throws {
        var table = "| event | level | `MESSAGE_ID` |\n| --- | --- | --- |\n"
        for id in MessageID.allCases {
            let entry = try #require(entries.first { $0.id == id.rawValue })
            let subject = (entry.headers["Subject"] ?? "").replacing(/@TRIBUTARY_([A-Z]+)@/) {
                "*\($0.1.lowercased())*"
            }
            table += "| \(subject) | \(id.level) | `\(id.rawValue)` |\n"
        }
        try MadePart(of: "docs/journal.md", named: "events").check(table)
    }

    @Test("the catalogue refers only to fields that journal entries can have")
    func fields() {
        let known = Set(
            [LogKey.integration, LogKey.destination, LogKey.requestID, "part"].compactMap(JournalEntry.fieldName))
        for match in text.matches(of: /@([A-Z_]+)@/) { #expect(known.contains(String(match.1)), "\(match.1)") }
    }
}

import CEventCatalog

/// An invalid row of an event catalogue.
package struct EventCatalogError: Error, Sendable, Equatable, CustomStringConvertible {
    package let file: String
    /// The number of the row's line in the file, counted from 1.
    package let line: Int
    package let problem: String

    package var description: String { "\(file):\(line): \(problem)" }
}

/// The class and activity of a type of event.
struct EventMapping: Equatable, Sendable {
    var kind: OCSFKind
    var activity: Int
    var rule: EventRule
    /// The index of the type's ATT&CK tags in `EventCatalog.attacks`; nil if the type has no tags.
    var attack: Int?

    init(kind: OCSFKind, activity: Int, rule: EventRule, attack: Int? = nil) {
        self.kind = kind
        self.activity = activity
        self.rule = rule
        self.attack = attack
    }
}

/// The column `rule` of the catalogue: a letter for a family of rules, and a number in that family. The mapping looks at the rule if class and
/// activity alone do not determine an event's record.
struct EventRule: Equatable, Sendable, CustomStringConvertible {
    var family: UInt8
    var number: UInt8

    static let none = EventRule(family: 0, number: 0)
    /// B1: an admin role binding. The class depends on who got the role: User Access Management for a user, Group Management for a
    /// group, and the row's class for anything else.
    static let roleBinding = EventRule(family: UInt8(ascii: "B"), number: 1)
    /// N1: Entity Management, with an activity that follows from the last word of the event type. If a type has no row and a vote assigns it to
    /// Entity Management, its activity follows from the N1 rows with the same last word.
    static let verb = EventRule(family: UInt8(ascii: "N"), number: 1)

    var description: String { family == 0 ? "-" : "\(Character(Unicode.Scalar(family)))\(number)" }

    init(family: UInt8, number: UInt8) {
        self.family = family
        self.number = number
    }

    init?(_ text: Substring) {
        if text == "-" || text.isEmpty {
            self = .none
            return
        }
        guard let first = text.utf8.first, first >= 0x41, first <= 0x5A,
            let number = UInt8(text.dropFirst().isEmpty ? "0" : text.dropFirst())
        else { return nil }
        self.init(family: first, number: number)
    }
}

/// Assigns a class and an activity to each event type: by a table, or by a vote of similar types if the type has no row in the table.
package final class EventCatalog: Sendable {
    private struct Row {
        var type: Substring
        var mapping: EventMapping
        /// The ATT&CK tags. Nil if the row has no column `attack`; then the tags of the type's row in an earlier table remain.
        var attacks: [Attack]?
    }

    private let types: ByteTable
    /// The activities of Entity Management, found by the last word of an event type.
    private let verbs: ByteTable
    private let mappings: [EventMapping]
    /// Finds the types in the table that resemble a type without a row.
    let relatives: EventRelatives
    /// The member `attacks` of records, as JSON that is ready to be copied. `EventMapping.attack` is an index in this array.
    let attacks: [[UInt8]]

    /// The number of types that have a row.
    package let count: Int

    /// The catalogue in `config/event-catalogue.tsv`, which is compiled in.
    package static func builtIn() throws(EventCatalogError) -> EventCatalog {
        let bytes = UnsafeBufferPointer(start: tributary_event_catalogue_start(), count: tributary_event_catalogue_size)
        return try EventCatalog(texts: [("event-catalogue.tsv", String(decoding: bytes, as: UTF8.self))])
    }

    /// The built-in catalogue combined with a site's own tables. A site's row replaces the built-in row for the same type, and a row of a later
    /// table replaces that of an earlier table. For each table, `file` is the name used in errors, and `text` has the tab-separated columns
    /// `event_type`, `class_uid`, `activity_id`, and optional ones. If a table has no column `attack`, the ATT&CK tags of a replaced row stay.
    package static func builtIn(with tables: [(file: String, text: String)]) throws(EventCatalogError) -> EventCatalog {
        let bytes = UnsafeBufferPointer(start: tributary_event_catalogue_start(), count: tributary_event_catalogue_size)
        return try EventCatalog(texts: [("event-catalogue.tsv", String(decoding: bytes, as: UTF8.self))] + tables)
    }

    init(texts: [(file: String, text: String)]) throws(EventCatalogError) {
        var rows: [Row] = []
        var place: [Substring: Int] = [:]
        for (file, text) in texts {
            var seen: [Substring: Int] = [:]
            for (line, row) in try Self.parse(text, file: file) {
                let type = row.type
                if let first = seen[type] {
                    throw EventCatalogError(
                        file: file, line: line, problem: "\(type) already has a row in line \(first)")
                }
                seen[type] = line
                if let old = place[type] {
                    rows[old].mapping = row.mapping
                    if let attacks = row.attacks { rows[old].attacks = attacks }
                } else {
                    place[type] = rows.count
                    rows.append(row)
                }
            }
        }
        count = rows.count
        var attacks: [[UInt8]] = []
        for index in rows.indices {
            guard let named = rows[index].attacks, !named.isEmpty else { continue }
            rows[index].mapping.attack = attacks.count
            attacks.append(Attack.rendered(named))
        }
        self.attacks = attacks
        mappings = rows.map(\.mapping)
        types = ByteTable(rows.enumerated().map { (Array($1.type.utf8), Int32($0)) })
        relatives = EventRelatives(rows.map { ($0.type, $0.mapping) })

        var lastWords: [Substring: [Int: Int]] = [:]
        for row in rows where row.mapping.rule == EventRule.verb {
            guard let last = row.type.split(separator: ".", omittingEmptySubsequences: false).last else { continue }
            lastWords[last, default: [:]][row.mapping.activity, default: 0] += 1
        }
        var pairs: [(key: [UInt8], value: Int32)] = []
        for (word, activities) in lastWords {
            guard let most = activities.max(by: { $0.value < $1.value }) else { continue }
            guard most.value * 2 > activities.values.reduce(0, +) else { continue }
            pairs.append((Array(word.utf8), Int32(most.key)))
        }
        verbs = ByteTable(pairs)
    }

    private static func parse(_ text: String, file: String) throws(EventCatalogError) -> [(
        line: Int, row: Row
    )] {
        var rows: [(line: Int, row: Row)] = []
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            number += 1
            if line.isEmpty || line.hasPrefix("#") || line.allSatisfy(\.isWhitespace) { continue }
            func refuse(_ problem: String) -> EventCatalogError {
                EventCatalogError(file: file, line: number, problem: problem)
            }
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard columns.count >= 3 else {
                throw refuse(
                    "a row must have the columns event_type, class_uid and activity_id, separated by tabs; this row has \(columns.count) column(s)"
                )
            }
            let type = columns[0]
            guard !type.isEmpty, type.utf8.count <= 255,
                type.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C })
            else {
                throw refuse(
                    "“\(type)” is not an event type: 1 to 255 ASCII characters without blanks, quotes or backslashes")
            }
            guard let uid = Int(columns[1]), let kind = OCSFKind(uid: uid) else {
                let known = OCSFClass.all.map { String($0.uid) }.joined(separator: ", ")
                throw refuse("class_uid “\(columns[1])” is not one of \(known)")
            }
            guard let activity = Int(columns[2]), kind.facts.hasActivity(activity) else {
                let known = (kind.facts.activities.map { "\($0.id) \($0.caption)" } + ["99 Other"]).joined(
                    separator: ", ")
                throw refuse(
                    "activity_id “\(columns[2])” is not an activity of \(kind.facts.caption); use one of \(known)")
            }
            guard let rule = EventRule(columns.count > 4 ? columns[4] : "-") else {
                throw refuse(
                    "rule “\(columns[4])” is not valid: use a capital letter and a number up to 255, or “-” for none")
            }
            var attacks: [Attack]?
            if columns.count > 7 {
                attacks = []
                for text in columns[7].split(separator: ",") where columns[7] != "-" {
                    guard let attack = Attack(text) else {
                        throw refuse(
                            "attack “\(columns[7])” is not valid: use ATT&CK ids such as TA0003:T1098.003, or “-” for none"
                        )
                    }
                    attacks?.append(attack)
                }
            }
            let mapping = EventMapping(kind: kind, activity: activity, rule: rule)
            rows.append((number, Row(type: type, mapping: mapping, attacks: attacks)))
        }
        return rows
    }

    /// The row of a type; nil if there is none.
    func row(of type: JSONText) -> EventMapping? { types.lookup(type.start, type.count).map { mappings[$0] } }

    /// The class and activity of a type: from its row, or from its closest relatives.
    func mapping(of type: JSONText) -> EventMapping {
        row(of: type) ?? relatives.vote(on: type).map { mapping(by: $0, type) }
            ?? EventMapping(kind: .base, activity: 99, rule: .none)
    }

    /// The class and activity that follow from a vote. In Entity Management, the type's last word determines the activity.
    func mapping(by vote: EventRelatives.Vote, _ type: JSONText) -> EventMapping {
        var mapping = vote.mapping
        if mapping.kind == .entity { mapping.activity = verb(of: type) }
        return mapping
    }

    /// The activity of more than half of the N1 rows whose types end in the same word as this type; 99 if there is no such activity.
    func verb(of type: JSONText) -> Int {
        var start = type.count
        while start > 0, type.start[start - 1] != UInt8(ascii: ".") { start -= 1 }
        return verbs.lookup(type.start + start, type.count - start) ?? 99
    }
}

import CRecordSchemas

/// An invalid table of a version of OCSF.
struct SchemaTableError: Error, CustomStringConvertible {
    let version: String
    let line: Int
    let problem: String

    var description: String { "the table of OCSF \(version), line \(line): \(problem)" }
}

/// The contents of a version of OCSF: the attributes of each class and object, their values, and what is required.
///
/// Built from the tables in `Sources/CRecordSchemas`, whose first lines explain their columns. Each name is represented by the number that the parser
/// uses for it, so that an attribute is found without comparing texts.
struct SchemaTable: Sendable {
    enum Content: Equatable {
        /// A text, a number or a boolean.
        case plain
        /// Any JSON.
        case any
        /// An object with this structure.
        case object(Int)
    }

    struct Attribute {
        var content: Content
        var isArray: Bool
        /// A record may have the attribute only if it lists one of these profiles. Empty for an attribute that needs no profile.
        var profiles: Profiles
        /// The attribute that holds the name of this attribute's value, as `type` does for `type_id`; 0 if there is none.
        var sibling: UInt16
        /// The values of an enumeration; nil if any value is allowed.
        var values: [Int]?
    }

    struct Profiles: OptionSet {
        let rawValue: UInt8

        static let datetime = Profiles(rawValue: 1)
        static let host = Profiles(rawValue: 2)
        static let securityControl = Profiles(rawValue: 4)
        /// A profile that no record lists. Its attributes therefore can't be used.
        static let other = Profiles(rawValue: 8)
        static let listed: [Profiles] = [.datetime, .host, .securityControl]

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(_ names: Substring) {
            self = []
            for name in names.split(separator: ",") where name != "-" {
                switch name {
                case "datetime": insert(.datetime)
                case "host": insert(.host)
                case "security_control": insert(.securityControl)
                default: insert(.other)
                }
            }
        }
    }

    /// A rule: an object must have at least one of these members, or exactly one of them if `isJustOne` is true.
    struct Constraint {
        var isJustOne: Bool
        var members: [UInt16]
    }

    struct Structure {
        var required: [(key: UInt16, profiles: Profiles)] = []
        var constraints: [Constraint] = []
        /// For each attribute that this version lacks in this structure: the member into which the attribute moves.
        var into: [UInt16: UInt16] = [:]
        /// For each attribute that this version lacks in this structure: the attribute that has the same content.
        var same: [UInt16: UInt16] = [:]
        /// For each list that this version lacks in this structure: the attribute that takes the list's first element.
        var first: [UInt16: UInt16] = [:]
    }

    /// The names of all attributes. The index is the name's number; 0 stands for no name.
    private(set) var names: [String] = [""]
    private(set) var structures: [Structure] = []
    /// The classes of this version, each with its index in `structures` and its facts.
    private(set) var classes: [OCSFKind: (structure: Int, facts: OCSFClass)] = [:]
    /// The `class` lines of `choices.tsv`. Each key is a class that this version lacks, or that a record may be unable to fill. `kind` is the class
    /// to use instead, and `activities` maps the key's activities to those of `kind`.
    private(set) var instead: [OCSFKind: (kind: OCSFKind, activities: [Int: Int])] = [:]

    private var attributes: [Attribute] = []
    /// The index in `attributes` for each structure and name; -1 if the structure has no attribute of that name.
    private var places: [Int16] = []

    func attribute(_ structure: Int, _ key: UInt16) -> Attribute? {
        guard key != 0 else { return nil }
        let place = places[structure * names.count + Int(key)]
        return place < 0 ? nil : attributes[Int(place)]
    }

    func number(of name: String) -> UInt16 { UInt16(names.firstIndex(of: name) ?? 0) }

    /// The compiled-in table of a version; nil for the mapping's own version.
    static func builtIn(_ version: SchemaVersion) throws(SchemaTableError) -> SchemaTable? {
        guard version != .native else { return nil }
        guard let found = tributary_record_schema_named(version.rawValue) else {
            throw SchemaTableError(
                version: version.rawValue, line: 0, problem: "the table was not compiled into the program")
        }
        return try SchemaTable(
            version: version.rawValue, table: text(found.pointee), choices: text(tributary_record_schema_choices()))
    }

    private static func text(_ schema: tributary_record_schema) -> String {
        String(decoding: UnsafeBufferPointer(start: schema.start, count: schema.size), as: UTF8.self)
    }

    init(version: String, table: String, choices: String) throws(SchemaTableError) {
        var reader = SchemaTableReader(version: version)
        try reader.read(table)
        // `choices.tsv` may name attributes that this version does not have. The version's table has no row for these attributes.
        for row in choices.split(separator: "\n") where row.hasPrefix(version + "\t") {
            reader.name(row.split(separator: "\t").dropFirst(3))
        }
        names += reader.names.sorted()
        var numbers: [Substring: UInt16] = [:]
        for (number, name) in names.enumerated() { numbers[Substring(name)] = UInt16(number) }
        func number(_ name: Substring) -> UInt16 { numbers[name] ?? 0 }

        var found: [Substring: Int] = [:]
        for (index, structure) in reader.structures.enumerated() where !structure.isClass {
            found[structure.name] = index
        }
        places = Array(repeating: -1, count: reader.structures.count * names.count)
        for (index, read) in reader.structures.enumerated() {
            var structure = Structure()
            for row in read.attributes {
                var content = Content.plain
                if row.object == "*" {
                    content = .any
                } else if row.object != "-" {
                    guard let object = found[row.object] else {
                        throw SchemaTableError(
                            version: version, line: row.line, problem: "the table has no object “\(row.object)”")
                    }
                    content = .object(object)
                }
                places[index * names.count + Int(number(row.name))] = Int16(attributes.count)
                attributes.append(
                    Attribute(
                        content: content, isArray: row.isArray, profiles: row.profiles, sibling: number(row.sibling),
                        values: row.values?.map(\.id)))
                if row.isRequired { structure.required.append((number(row.name), row.profiles)) }
            }
            structure.constraints = read.constraints.map {
                Constraint(isJustOne: $0.isJustOne, members: $0.members.map(number))
            }
            structures.append(structure)
            if let facts = read.facts, let kind = OCSFKind(uid: facts.uid) { classes[kind] = (index, facts) }
        }
        try choose(choices, version, found, number)
    }

    private mutating func choose(
        _ text: String, _ version: String, _ objects: [Substring: Int], _ number: (Substring) -> UInt16
    ) throws(SchemaTableError) {
        func kind(_ name: Substring) -> OCSFKind? { OCSFKind.allCases.first { $0.facts.name == name } }
        var line = 0
        for row in text.split(separator: "\n", omittingEmptySubsequences: false) {
            line += 1
            let columns = row.split(separator: "\t")
            guard columns.first == Substring(version) else { continue }
            guard columns.count == 5 else {
                throw SchemaTableError(
                    version: version, line: line, problem: "choices.tsv: a line must have five columns")
            }
            switch (columns[1], kind(columns[2]), kind(columns[3])) {
            case ("class", .some(let from), .some(let to)) where classes[to] != nil:
                var activities: [Int: Int] = [:]
                for pair in columns[4].split(separator: "|") where columns[4] != "-" {
                    let sides = pair.split(separator: "=").compactMap { Int($0) }
                    guard sides.count == 2 else {
                        throw SchemaTableError(
                            version: version, line: line, problem: "choices.tsv: “\(pair)” is not NUMBER=NUMBER")
                    }
                    activities[sides[0]] = sides[1]
                }
                instead[from] = (to, activities)
            case ("first", .some(let kind), _) where number(columns[3]) != 0 && number(columns[4]) != 0:
                guard let structure = classes[kind]?.structure else { break }
                structures[structure].first[number(columns[3])] = number(columns[4])
            case ("into", _, _) where number(columns[3]) != 0 && number(columns[4]) != 0:
                guard let object = objects[columns[2]] else {
                    throw SchemaTableError(
                        version: version, line: line, problem: "choices.tsv: there is no object “\(columns[2])”")
                }
                structures[object].into[number(columns[3])] = number(columns[4])
            case ("same", _, _) where number(columns[3]) != 0 && number(columns[4]) != 0:
                guard let object = objects[columns[2]] else {
                    throw SchemaTableError(
                        version: version, line: line, problem: "choices.tsv: there is no object “\(columns[2])”")
                }
                structures[object].same[number(columns[3])] = number(columns[4])
            default:
                throw SchemaTableError(
                    version: version, line: line, problem: "choices.tsv: this choice is not possible: \(row)")
            }
        }
    }
}

/// The rows of a table as they are read, before names are replaced by numbers.
private struct SchemaTableReader {
    struct Row {
        var line: Int
        var name: Substring
        var object: Substring
        var isRequired: Bool
        var isArray: Bool
        var profiles: SchemaTable.Profiles
        var sibling: Substring
        var values: [(id: Int, caption: String)]?
    }

    struct Structure {
        var name: Substring
        var isClass: Bool
        var facts: OCSFClass?
        var attributes: [Row] = []
        var constraints: [(isJustOne: Bool, members: [Substring])] = []
    }

    let version: String
    /// All names, without repetition.
    private(set) var names: Set<String> = []
    private(set) var structures: [Structure] = []

    init(version: String) { self.version = version }

    mutating func name(_ words: ArraySlice<Substring>) {
        for word in words where word.allSatisfy({ $0.isLetter || $0 == "_" }) { names.insert(String(word)) }
    }

    mutating func read(_ text: String) throws(SchemaTableError) {
        var line = 0
        for row in text.split(separator: "\n", omittingEmptySubsequences: false) {
            line += 1
            if row.isEmpty || row.hasPrefix("#") { continue }
            let columns = row.split(separator: "\t", omittingEmptySubsequences: false)
            switch (columns[0], columns.count) {
            case ("class", 6):
                guard let uid = Int(columns[2]), let category = Int(columns[3]) else {
                    throw SchemaTableError(
                        version: version, line: line, problem: "the class_uid and the category_uid must be numbers")
                }
                structures.append(
                    Structure(
                        name: columns[1], isClass: true,
                        facts: OCSFClass(
                            uid: uid, caption: String(columns[4]), name: String(columns[1]), categoryUID: category,
                            categoryName: String(columns[5]), activities: [])))
            case ("object", 2): structures.append(Structure(name: columns[1], isClass: false))
            case ("", 3) where !structures.isEmpty:
                structures[structures.count - 1].constraints.append(
                    (columns[1] == "just_one", columns[2].split(separator: ",")))
            case ("", 7) where !structures.isEmpty: try attribute(columns, line)
            default: throw SchemaTableError(version: version, line: line, problem: "the row is invalid: \(row)")
            }
        }
    }

    private mutating func attribute(_ columns: [Substring], _ line: Int) throws(SchemaTableError) {
        var row = Row(
            line: line, name: columns[1], object: columns[2], isRequired: columns[3].contains("r"),
            isArray: columns[3].contains("a"), profiles: SchemaTable.Profiles(columns[4]), sibling: columns[5])
        if columns[6] != "-" {
            row.values = []
            for value in columns[6].split(separator: "|") {
                let sides = value.split(separator: "=", maxSplits: 1)
                guard let id = Int(sides[0]) else {
                    throw SchemaTableError(version: version, line: line, problem: "“\(value)” is not a number")
                }
                row.values?.append((id, sides.count > 1 ? String(sides[1]) : ""))
            }
        }
        names.insert(String(row.name))
        let last = structures.count - 1
        structures[last].attributes.append(row)
        guard row.name == "activity_id", let facts = structures[last].facts, let values = row.values else { return }
        structures[last].facts = OCSFClass(
            uid: facts.uid, caption: facts.caption, name: facts.name, categoryUID: facts.categoryUID,
            categoryName: facts.categoryName, activities: values.filter { $0.id != 99 }.map { ($0.id, $0.caption) })
    }
}

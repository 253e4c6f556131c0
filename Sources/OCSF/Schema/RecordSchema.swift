/// The version of OCSF in which records are written: its classes and activities, and the table by which a record is adapted to it. The mapping
/// receives it as a value, so that one process can write two versions.
struct RecordSchema: Sendable {
    let version: SchemaVersion
    /// The table of the version; nil for the mapping's own version, to which nothing needs to be adapted.
    let table: SchemaTable?
    /// The member of `metadata` that contains the version, such as `"version":"1.8.0",`.
    let versionMember: [UInt8]
    /// The members of a record that follow from its class and activity, as JSON that is ready to be copied. The first index is the class. The second
    /// is the activity, from 0 to the highest of any class; the last element is for activity 99.
    private let classifications: [[[UInt8]]]
    /// Whether this version has `raw_data_size` in every class. Without it, the mapping must not write the size, because `raw_data` is written after
    /// the record has been adapted.
    let hasRawDataSize: Bool
    /// Whether this version has `raw_data_hash` in every class. Without it, the mapping must not write the hash.
    let hasRawDataHash: Bool

    init(_ version: SchemaVersion) throws(SchemaTableError) {
        self.init(version, table: try SchemaTable.builtIn(version))
    }

    init(_ version: SchemaVersion, table: SchemaTable?) {
        self.version = version
        self.table = table
        versionMember = Array("\"version\":\"\(version.rawValue)\",".utf8)
        let classes = OCSFKind.allCases.map { table?.classes[$0]?.facts ?? $0.facts }
        let highest = classes.flatMap(\.activities).map(\.id).filter { $0 != 99 }.max() ?? 0
        classifications = classes.map { facts in
            (Array(0...highest) + [99]).map { facts.classification(activity: $0) }
        }
        hasRawDataSize = table?.hasInEveryClass("raw_data_size") ?? true
        hasRawDataHash = table?.hasInEveryClass("raw_data_hash") ?? true
    }

    /// The members of a record of this class and activity. The catalogue accepts only activities that the class has, and 99.
    func classification(_ kind: OCSFKind, activity: Int) -> [UInt8] {
        let blocks = classifications[kind.rawValue]
        return blocks[min(activity, blocks.count - 1)]
    }

    /// The class and activity in this version that correspond to a class and activity of the catalogue.
    func placed(_ kind: OCSFKind, _ activity: Int) -> (kind: OCSFKind, activity: Int) {
        guard let table else { return (kind, activity) }
        guard let known = table.classes[kind] else { return instead(kind, activity) ?? (.base, 99) }
        return (kind, known.facts.hasActivity(activity) ? activity : 99)
    }

    /// The class and activity to use if this version lacks the record's class, or if the record lacks what the class requires in this version. Nil
    /// for Base Event, whose requirements every record meets.
    func instead(_ kind: OCSFKind, _ activity: Int) -> (kind: OCSFKind, activity: Int)? {
        guard kind != .base else { return nil }
        guard let other = table?.instead[kind] else { return (.base, 99) }
        return (other.kind, other.activities[activity] ?? 99)
    }
}

extension SchemaTable {
    fileprivate func hasInEveryClass(_ name: String) -> Bool {
        let key = number(of: name)
        return classes.values.allSatisfy { attribute($0.structure, key) != nil }
    }
}

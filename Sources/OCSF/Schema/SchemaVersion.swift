/// A version of OCSF in which records can be written.
///
/// The mapping itself writes 1.8.0. Every other version has a table, `Sources/CRecordSchemas/ocsf-VERSION.tsv`, to which a record is adapted.
/// CONTRIBUTING.md (“How to change …”, “another OCSF version”) lists the steps to add a version.
package enum SchemaVersion: String, Sendable, CaseIterable {
    case v1_3_0 = "1.3.0"
    case v1_5_0 = "1.5.0"
    case v1_8_0 = "1.8.0"

    /// The version that the mapping itself writes.
    package static let native = SchemaVersion.v1_8_0

    /// The version as the spool's manifest names it.
    package var name: String { "ocsf/\(rawValue)" }
}

extension SchemaVersion {
    /// The version of OCSF in which this module wrote the record. It is read from `metadata.version`, which is the record's first member with the
    /// name `version`. Nil if this module did not write the text.
    package init?(ofRecord record: UnsafeRawBufferPointer) {
        let opening: StaticString = "\"version\":\""
        let size = opening.utf8CodeUnitCount
        guard recordUID(of: record) != nil,
            let at = (0..<max(0, record.count - size)).first(where: { at in
                (0..<size).allSatisfy { record[at + $0] == opening.utf8Start[$0] }
            })
        else { return nil }
        let text = record[(at + size)...].prefix { $0 != UInt8(ascii: "\"") }
        self.init(rawValue: String(decoding: text, as: UTF8.self))
    }
}

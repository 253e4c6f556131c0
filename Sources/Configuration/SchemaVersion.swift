extension Configuration {
    /// The version of OCSF in which records are written. The module OCSF defines which versions exist; a test compares the two lists.
    package enum SchemaVersion: String, Sendable, Hashable, CaseIterable {
        case v1_3_0 = "1.3.0"
        case v1_5_0 = "1.5.0"
        case v1_8_0 = "1.8.0"
    }
}

extension ValueKind where Value == Configuration.SchemaVersion {
    /// The error for an unknown version lists all versions, because suggesting a single version would be a guess.
    static let schemaVersion = ValueKind("a version of OCSF such as 1.8.0") { (text) throws(ValueError) in
        if let version = Configuration.SchemaVersion(rawValue: text) { return version }
        let known = Configuration.SchemaVersion.allCases.reversed().map(\.rawValue).joined(separator: ", ")
        throw ValueError(
            "records can't be written in OCSF version \(LiteralSecret.quoted(text))",
            hint: "write one of \(known)")
    }
}

/// Where Amazon Security Lake wants the files of custom sources ("Collecting data from custom sources" in its user guide), which has a source of
/// its own for each OCSF class. A plain value.
package struct SecurityLakeLayout: Sendable, Equatable {
    /// The lake's AWS Region.
    package var region: String
    /// The AWS account of the source, 12 digits.
    package var account: String
    /// What the names of the sources begin with.
    package var source: String

    package init(region: String, account: String, source: String) {
        self.region = region
        self.account = account
        self.source = source
    }

    /// A segment's file, always the same: its name is that of the segment, which no other has. Nil for a segment without class or date.
    ///
    /// - Parameter date: the UTC day of its events, `2026-11-23`.
    package func path(segment: String, className: String, date: String) -> String? {
        guard let stem = Self.stem(segment), !className.isEmpty, !date.isEmpty else { return nil }
        return "\(source)-\(className)/region=\(region)/accountId=\(account)/eventDay=\(date.filter { $0 != "-" })/"
            + "\(stem).parquet"
    }

    /// The last part of a path without what the packing adds to it.
    static func stem(_ path: String) -> Substring? {
        path.split(separator: "/").last?.split(separator: ".").first
    }
}

/// The layout that Amazon Security Lake requires for files of custom sources ("Collecting data from custom sources" in its user guide): a separate
/// source for each OCSF class. A plain value.
package struct SecurityLakeLayout: Sendable, Equatable {
    /// The lake's AWS Region.
    package var region: String
    /// The AWS account of the source, 12 digits.
    package var account: String
    /// The prefix of the sources' names.
    package var source: String

    package init(region: String, account: String, source: String) {
        self.region = region
        self.account = account
        self.source = source
    }

    /// The path of a segment's file. It is the same at each attempt, because it depends only on the segment's unique name, class and date. Nil for a
    /// segment without class or date.
    ///
    /// - Parameter date: the UTC day of the segment's events, `2026-11-23`.
    package func path(segment: String, className: String, date: String) -> String? {
        guard let stem = Self.stem(segment), !className.isEmpty, !date.isEmpty else { return nil }
        return "\(source)-\(className)/region=\(region)/accountId=\(account)/eventDay=\(date.filter { $0 != "-" })/"
            + "\(stem).parquet"
    }

    /// The last part of a path, without the suffixes for format and compression.
    static func stem(_ path: String) -> Substring? {
        path.split(separator: "/").last?.split(separator: ".").first
    }
}

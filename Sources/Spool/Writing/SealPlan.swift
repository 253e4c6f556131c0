/// A segment that a generation was sealed into.
struct PlannedSegment: Equatable, Sendable {
    /// Below the spool's directory.
    var path: String
    /// Its manifest line without the position and the checksum, which it gets when it is appended.
    var line: String

    var fileName: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// Below the spool's directory.
    var directory: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }
}

/// Where a manifest ends, or ended at some time.
struct ManifestEnd: Equatable, Sendable {
    /// Bytes.
    var length: Int64
    /// Position of the last line, 0 without one; nil where an earlier version of the journal did not keep it.
    var sequence: Int64?

    static let beginning = ManifestEnd(length: 0, sequence: 0)
}

/// All segments of a sealed generation: with it alone, and the staged files, a seal can be finished from any point.
struct SealPlan: Equatable, Sendable {
    /// The generation that was sealed.
    var generation: UInt64
    /// The manifest before any of these lines: where to look for them.
    var manifest: ManifestEnd
    var segments: [PlannedSegment]
}

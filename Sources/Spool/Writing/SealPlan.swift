/// One of the segments into which a generation is sealed.
struct PlannedSegment: Equatable, Sendable {
    /// Relative to the spool's directory.
    var path: String
    /// The segment's manifest line without the position and the checksum, which are added when the line is appended.
    var line: String

    var fileName: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// Relative to the spool's directory.
    var directory: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }
}

/// Where a manifest ends, or ended at an earlier time.
struct ManifestEnd: Equatable, Sendable {
    /// Length in bytes.
    var length: Int64
    /// Position of the last line, 0 if there is none; nil if the journal's version did not record it.
    var sequence: Int64?

    static let beginning = ManifestEnd(length: 0, sequence: 0)
}

/// All segments of a sealed generation. With this list and the staged files, a seal can be finished, wherever it was interrupted.
struct SealPlan: Equatable, Sendable {
    /// The generation that was sealed.
    var generation: UInt64
    /// Where the manifest ended before the seal appended any lines to it. A search for these lines begins there.
    var manifest: ManifestEnd
    var segments: [PlannedSegment]
}

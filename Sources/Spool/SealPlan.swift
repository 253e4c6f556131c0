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

/// All segments of a sealed generation: with it alone, and the staged files, a seal can be finished from any point.
struct SealPlan: Equatable, Sendable {
    /// The generation that was sealed.
    var generation: UInt64
    /// Length of the manifest before any of these lines: where to look for them.
    var manifestLength: Int64
    var segments: [PlannedSegment]
}

import FoundationEssentials

/// A seal of a shared spool between the steps *stage* and *decide*: everything that the decision will name, in files that loaders don't see.
///
/// Each seal gets a random commit id. If a decision is found later, it belongs to this seal if and only if it has the same id.
package struct StagedSeal: Sendable, Equatable {
    package let integration: String
    /// The generation that the seal begins.
    package let generation: UInt64
    /// 32 hexadecimal digits.
    package let commit: String
    /// Where collection continues after the seal.
    package let cursor: String
    /// RFC 3339, UTC.
    package let sealedAt: String
    /// The segments of the seal; empty if only the cursor has moved.
    package let segments: [SealedSegment]
    /// The identity windows at the cursor.
    package let windows: StagedFile
    /// The concatenated segments; nil if there are none.
    package let bundle: StagedFile?
    /// Absolute path of the directory with a file for each segment.
    package let directory: String

    /// Absolute path of a segment's staged file.
    package func file(of segment: SealedSegment) -> String { "\(directory)/\(segment.fileName)" }
}

/// A file of a staged seal.
package struct StagedFile: Sendable, Equatable {
    /// Absolute.
    package let path: String
    package let bytes: Int64
    /// The digest in lower-case hexadecimal digits.
    package let sha256: String
}

/// Why an integration of a shared spool is sealed.
package enum SealOccasion: Sendable {
    /// A limit of size or age is reached, or the integration has never been sealed in the fleet.
    case due
    /// The integration is handed over or closed: everything is sealed, even if only the cursor has moved.
    case handOver
}

extension SealedSegment {
    package var fileName: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// - Parameter line: the segment's manifest line without a position, as a JSON object.
    init?(line: String) {
        guard let segment = try? JSONDecoder().decode(SealedSegment.self, from: Data(line.utf8)) else { return nil }
        self = segment
    }
}

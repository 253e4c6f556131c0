import FoundationEssentials

/// A seal of a shared spool between its steps *stage* and *decide*: everything that the decision names, as files that no loader sees.
///
/// The commit id is drawn once for a seal. A decision that is found later is this one's if and only if it has this id.
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
    /// None if only the cursor has moved.
    package let segments: [SealedSegment]
    /// The identity windows at the cursor.
    package let windows: StagedFile
    /// The segments, one after the other; nil if there are none.
    package let bundle: StagedFile?
    /// The directory with a file for each segment. Absolute.
    package let directory: String

    /// The staged file of a segment. Absolute.
    package func file(of segment: SealedSegment) -> String { "\(directory)/\(segment.fileName)" }
}

/// A file of a staged seal.
package struct StagedFile: Sendable, Equatable {
    /// Absolute.
    package let path: String
    package let bytes: Int64
    /// In lower-case hexadecimal digits.
    package let sha256: String
}

/// When a shared spool's integration is sealed.
package enum SealOccasion: Sendable {
    /// A partition is large enough, or the oldest record old enough.
    case due
    /// The integration is handed over or closed: whatever is not sealed, even if it is only a cursor that has moved.
    case handOver
}

extension SealedSegment {
    package var fileName: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// - Parameter line: its manifest line without a position, as a JSON object.
    init?(line: String) {
        guard let segment = try? JSONDecoder().decode(SealedSegment.self, from: Data(line.utf8)) else { return nil }
        self = segment
    }
}

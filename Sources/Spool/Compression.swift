/// How a segment's lines are compressed.
package enum Compression: String, Sendable, CaseIterable, Codable {
    /// One or more zstd frames (RFC 8878) with a content checksum, `.ndjson.zst`.
    case zstd
    /// One or more gzip members (RFC 1952), `.ndjson.gz`.
    case gzip
    /// Plain lines, `.ndjson`.
    case none

    /// The file name suffix of a segment with this compression.
    package var suffix: String {
        switch self {
        case .zstd: ".ndjson.zst"
        case .gzip: ".ndjson.gz"
        case .none: ".ndjson"
        }
    }

    /// The media type under which a segment is uploaded (RFC 8878, RFC 6713).
    package var mediaType: String {
        switch self {
        case .zstd: "application/zstd"
        case .gzip: "application/gzip"
        case .none: "application/x-ndjson"
        }
    }

    /// The compression that the suffix of a file name stands for; nil if it is not the name of a segment.
    package init?(fileName: some StringProtocol) {
        guard let found = Compression.allCases.first(where: { fileName.hasSuffix($0.suffix) }) else { return nil }
        self = found
    }

    /// The error for a file whose name does not end in a segment's suffix.
    static func notASegment(_ path: String) -> SpoolError {
        .invalidName(path, reason: "the name does not end in \(allCases.map(\.suffix).joined(separator: " or "))")
    }

    /// The number that stands for this compression in a journal.
    var code: UInt8 {
        switch self {
        case .none: 0
        case .zstd: 1
        case .gzip: 2
        }
    }

    init?(code: UInt8) {
        guard let found = Compression.allCases.first(where: { $0.code == code }) else { return nil }
        self = found
    }
}

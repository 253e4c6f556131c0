/// How a segment's lines are packed.
package enum Compression: String, Sendable, CaseIterable, Codable {
    /// One or more zstd frames (RFC 8878) with a content checksum, `.ndjson.zst`.
    case zstd
    /// One or more gzip members (RFC 1952), `.ndjson.gz`.
    case gzip
    /// Plain lines, `.ndjson`.
    case none

    /// What a segment's name ends in.
    package var suffix: String {
        switch self {
        case .zstd: ".ndjson.zst"
        case .gzip: ".ndjson.gz"
        case .none: ".ndjson"
        }
    }

    /// What a store is told that a segment is (RFC 8878, RFC 6713).
    package var mediaType: String {
        switch self {
        case .zstd: "application/zstd"
        case .gzip: "application/gzip"
        case .none: "application/x-ndjson"
        }
    }

    /// By a file's name; nil for one that isn't a segment's.
    package init?(fileName: some StringProtocol) {
        guard let found = Compression.allCases.first(where: { fileName.hasSuffix($0.suffix) }) else { return nil }
        self = found
    }

    /// In the journal's bytes.
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

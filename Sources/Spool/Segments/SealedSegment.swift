/// A sealed segment as its manifest line tells of it. See `Manifest` for the line.
package struct SealedSegment: Sendable, Equatable, Codable {
    /// Its position in the manifest, from 1; nil before it has one.
    package var sequence: Int64?
    /// Below the spool's directory.
    package var path: String
    package var integration: String
    /// The Hive keys below `integration=`.
    package var partition: [String: String]
    /// `records`, or `rejected` for what could not become one.
    package var kind: String
    package var records: Int
    /// Of the file.
    package var bytes: Int64
    /// Of the lines, newlines included.
    package var uncompressedBytes: Int64
    /// Of the file, in lower-case hexadecimal digits.
    package var sha256: String
    /// Smallest and largest event time, milliseconds since 1970.
    package var firstTime: Int64
    package var lastTime: Int64
    /// RFC 3339, UTC.
    package var sealedAt: String
    /// What the records follow.
    package var schema: String
    /// The line's format version.
    package var format: Int

    enum CodingKeys: String, CodingKey {
        case sequence, path, integration, partition, kind, records, bytes, sha256, schema, format
        case uncompressedBytes = "uncompressed_bytes"
        case firstTime = "first_time"
        case lastTime = "last_time"
        case sealedAt = "sealed_at"
    }

    /// A name that no other segment has had or will have: the sealing time, for sorting and retention, and 64 random bits.
    static func fileName(sealed: Int64, compression: Compression) -> String {
        "\(CivilTime(milliseconds: sealed).compact)-\(Hexadecimal.text(UInt64.random(in: .min ... .max)))\(compression.suffix)"
    }

    /// Wall-clock milliseconds of sealing by a segment's name; nil for a name that isn't a segment's.
    static func sealingTime(fileName: some StringProtocol) -> Int64? {
        guard Compression(fileName: fileName) != nil, let dash = fileName.firstIndex(of: "-") else { return nil }
        return CivilTime.milliseconds(compact: fileName[..<dash])
    }
}

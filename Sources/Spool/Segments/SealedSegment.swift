import Digests

/// A sealed segment as its manifest line describes it. See `Manifest` for the line.
package struct SealedSegment: Sendable, Equatable, Codable {
    /// The segment's position in the manifest, from 1; nil before the segment is listed there.
    package var sequence: Int64?
    /// Relative to the spool's directory.
    package var path: String
    package var integration: String
    /// The Hive keys below `integration=`, such as `class` and `date`, with their values.
    package var partition: [String: String]
    /// `records`, or `rejected` for events that could not become records.
    package var kind: String
    package var records: Int
    /// Size of the file.
    package var bytes: Int64
    /// Size of the uncompressed lines, including newlines.
    package var uncompressedBytes: Int64
    /// SHA-256 of the file, in lower-case hexadecimal digits.
    package var sha256: String
    /// The smallest event time, in milliseconds since 1970.
    package var firstTime: Int64
    /// The largest event time, in milliseconds since 1970.
    package var lastTime: Int64
    /// RFC 3339, UTC.
    package var sealedAt: String
    /// The schema that the records follow.
    package var schema: String
    /// The version of the manifest line's format.
    package var format: Int

    /// - Parameter sequence: nil until the segment has a position.
    package init(
        sequence: Int64?, path: String, integration: String, partition: [String: String], kind: String, records: Int,
        bytes: Int64, uncompressedBytes: Int64, sha256: String, firstTime: Int64, lastTime: Int64, sealedAt: String,
        schema: String, format: Int
    ) {
        self.sequence = sequence
        self.path = path
        self.integration = integration
        self.partition = partition
        self.kind = kind
        self.records = records
        self.bytes = bytes
        self.uncompressedBytes = uncompressedBytes
        self.sha256 = sha256
        self.firstTime = firstTime
        self.lastTime = lastTime
        self.sealedAt = sealedAt
        self.schema = schema
        self.format = format
    }

    enum CodingKeys: String, CodingKey {
        case sequence, path, integration, partition, kind, records, bytes, sha256, schema, format
        case uncompressedBytes = "uncompressed_bytes"
        case firstTime = "first_time"
        case lastTime = "last_time"
        case sealedAt = "sealed_at"
    }

    /// A unique name: the time of sealing, for sorting and retention, and 64 random bits.
    static func fileName(sealed: Int64, compression: Compression) -> String {
        "\(CivilTime(milliseconds: sealed).compact)-\(Hexadecimal.text(UInt64.random(in: .min ... .max)))\(compression.suffix)"
    }

    /// The time of sealing from a segment's name, in wall-clock milliseconds; nil if the name isn't a segment's.
    package static func sealingTime(fileName: some StringProtocol) -> Int64? {
        guard Compression(fileName: fileName) != nil, let dash = fileName.firstIndex(of: "-") else { return nil }
        return CivilTime.milliseconds(compact: fileName[..<dash])
    }
}

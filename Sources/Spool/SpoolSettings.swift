/// Where the spool is and when its segments are sealed. Most of these are the checked values of the keys below `spool:` in the configuration.
package struct SpoolSettings: Sendable {
    /// The directory of sealed segments, for loaders. Absolute.
    package var directory: String
    /// The directory of the journals, with cursors and unsealed records. Absolute; may be on another file system.
    package var stateDirectory: String
    package var compression: Compression
    /// A seal is due when a partition has this uncompressed size. At least 1.
    package var segmentMaxBytes: Int
    /// A seal is due when the oldest unsealed record has this age.
    package var segmentMaxAge: Duration
    /// The maximum age for the first segments of an integration, so that the first files of a new integration appear soon. Used only if it is less
    /// than `segmentMaxAge`. Nil to use `segmentMaxAge`.
    package var firstSegmentMaxAge: Duration?
    /// The maximum size of the spool on disk, including unsealed records. A commit that would exceed it is refused. At least 1.
    package var maxBytes: Int64
    /// When sealed segments are deleted.
    package var retention: RetentionSetting
    /// The schema of new records, for the manifest, such as `ocsf/1.8.0`. Unsealed records of an earlier run keep the schema of that run.
    package var recordSchema: String
    /// Loaders that retention waits for even if they have not registered yet: the configured destinations.
    package var expectedLoaders: [String] = []

    /// The id of the fleet's spool, 16 bytes; nil for a spool of this host alone.
    package var sharedID: [UInt8]?

    /// The maximum number of records of one integration that are recognized in segments which its state does not know: 0...1,048,576, the newest
    /// first. Their identities stay in memory until the log has been read up to them again.
    package var restoredIdentities = IdentityWindow.restoredBound

    /// A chunk of at least this uncompressed size is compressed at its commit. Smaller chunks are compressed together at the seal, because a frame of
    /// a few records compresses badly.
    var packedChunkBytes = 128 << 10
    /// When a partition's buffered lines have this uncompressed size, they are compressed without waiting for the commit.
    var packedPieceBytes = 4 << 20
    /// A seal is due when this many partitions have unsealed records, because each of them becomes a file.
    var dueAtPartitions = 256
    /// The maximum uncompressed size of the late partitions that one seal carries over, all together. A single partition may have at most a sixteenth
    /// of that size.
    var carriedMaxBytes: Int
    /// The time between two measurements of the spool's size when it is near its limit. Milliseconds.
    var measureInterval: Int64 = 5_000

    package init(
        directory: String, stateDirectory: String, compression: Compression = .zstd, segmentMaxBytes: Int = 64 << 20,
        segmentMaxAge: Duration = .seconds(300), maxBytes: Int64 = 20 << 30,
        retention: RetentionSetting = .never, recordSchema: String
    ) {
        self.directory = directory
        self.stateDirectory = stateDirectory
        self.compression = compression
        self.segmentMaxBytes = segmentMaxBytes
        self.segmentMaxAge = segmentMaxAge
        self.maxBytes = maxBytes
        self.retention = retention
        self.recordSchema = recordSchema
        carriedMaxBytes = segmentMaxBytes / 4
    }
}

/// A moment by both clocks. The wall clock is for names and dates. The monotonic clock is for ages, so that setting the wall clock back does not
/// affect them.
package struct SpoolInstant: Sendable, Equatable {
    /// The wall clock's time, in milliseconds since 1970-01-01T00:00:00Z.
    package var wall: Int64
    /// The monotonic clock's time, in milliseconds since a fixed moment of this boot.
    package var monotonic: Int64

    package init(wall: Int64, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}

extension Duration {
    /// The duration in whole milliseconds, limited to the range of `Int64`.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds.multipliedReportingOverflow(by: 1_000).overflow
            ? (seconds < 0 ? .min : .max) : seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}

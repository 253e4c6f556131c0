/// Where the spool is and when its segments are sealed. The keys of `spool:` in the configuration, checked there.
package struct SpoolSettings: Sendable {
    /// Sealed segments, for loaders. Absolute.
    package var directory: String
    /// Journals: cursors and what is not yet sealed. Absolute; may be another file system.
    package var stateDirectory: String
    package var compression: Compression
    /// Uncompressed bytes of one partition that make a seal due. At least 1.
    package var segmentMaxBytes: Int
    /// Age of the oldest unsealed record that makes a seal due.
    package var segmentMaxAge: Duration
    /// Bytes on disk, sealed and not, above which commits are refused. At least 1.
    package var maxBytes: Int64
    /// When sealed segments are deleted.
    package var retention: RetentionSetting
    /// What new records follow, for the manifest: `ocsf/1.8.0`, say. Those that an earlier start left unsealed keep their own.
    package var recordSchema: String
    /// Loaders that retention waits for before they have registered: the configured destinations.
    package var expectedLoaders: [String] = []

    /// Uncompressed bytes from which a chunk is packed when it is committed; smaller ones are packed together at sealing, since
    /// a frame of a few records compresses badly.
    var packedChunkBytes = 128 << 10
    /// Partitions with unsealed records that make a seal due: each is a file to write.
    var dueAtPartitions = 256
    /// Uncompressed bytes of late partitions together that may wait for more of their kind; a single one may have a sixteenth.
    var carriedMaxBytes: Int
    /// Time between two measurements of a spool that is near its limit. Milliseconds.
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

/// A moment by both clocks: wall time names and dates things, monotonic time measures ages, so that a clock set back breaks neither.
package struct SpoolInstant: Sendable, Equatable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var wall: Int64
    /// Milliseconds since any fixed point of this boot.
    package var monotonic: Int64

    package init(wall: Int64, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}

extension Duration {
    /// Whole milliseconds, without overflow for any duration that a configuration can hold.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds.multipliedReportingOverflow(by: 1_000).overflow
            ? (seconds < 0 ? .min : .max) : seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}

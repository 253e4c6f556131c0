/// When a generation is to be sealed, apart from the sealing.
struct RollPolicy {
    let segmentMaxBytes: Int
    /// Milliseconds.
    let segmentMaxAge: Int64
    let journalMaxBytes: Int64
    let maxPartitions: Int
    /// Each committed chunk is remembered in memory until it is sealed.
    let maxChunks = 65_536

    init(_ settings: SpoolSettings) {
        segmentMaxBytes = settings.segmentMaxBytes
        segmentMaxAge = settings.segmentMaxAge.milliseconds
        // Partitions fill evenly at worst: a few full segments' worth bounds both the disk and the time a seal takes.
        journalMaxBytes =
            Int64(settings.segmentMaxBytes).multipliedReportingOverflow(by: 4).overflow
            ? .max : max(Int64(settings.segmentMaxBytes) * 4, 4_096)
        maxPartitions = settings.dueAtPartitions
    }

    /// What is unsealed.
    struct Load {
        var journalBytes: Int64
        var records: Int
        var largestPartitionBytes: Int
        var partitions: Int
        var chunks: Int
        /// Of the oldest record, in milliseconds of monotonic time; 0 without records.
        var age: Int64
        /// The settings ask for another compression than this generation has.
        var compressionChanged: Bool
    }

    func isDue(_ load: Load) -> Bool {
        if load.journalBytes >= journalMaxBytes { return true }
        guard load.records > 0 else { return false }
        return load.largestPartitionBytes >= segmentMaxBytes || load.age >= segmentMaxAge
            || load.partitions >= maxPartitions || load.chunks >= maxChunks || load.compressionChanged
    }
}

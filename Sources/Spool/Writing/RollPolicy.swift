/// When a generation is to be sealed, apart from the sealing.
struct RollPolicy {
    let segmentMaxBytes: Int
    /// Milliseconds.
    let segmentMaxAge: Int64
    let journalMaxBytes: Int64
    let maxPartitions: Int
    /// Each committed chunk is remembered in memory until it is sealed.
    let maxChunks = 65_536

    /// Milliseconds that a late event may wait to be sealed: 12 × `segmentMaxAge`, but not more than an hour unless all may wait for longer.
    let carriedMaxAge: Int64
    let carriedMaxBytes: Int
    /// Events this much older than the seal are late, in milliseconds: a loader has the day's other files by then.
    static let lateAfter: Int64 = 86_400_000

    init(_ settings: SpoolSettings) {
        segmentMaxBytes = settings.segmentMaxBytes
        segmentMaxAge = settings.segmentMaxAge.milliseconds
        // Partitions fill evenly at worst: a few full segments' worth bounds both the disk and the time a seal takes.
        journalMaxBytes =
            Int64(settings.segmentMaxBytes).multipliedReportingOverflow(by: 4).overflow
            ? .max : max(Int64(settings.segmentMaxBytes) * 4, 4_096)
        maxPartitions = settings.dueAtPartitions
        carriedMaxAge = max(
            segmentMaxAge, min(segmentMaxAge.multipliedReportingOverflow(by: 12).partialValue, 3_600_000))
        carriedMaxBytes = settings.carriedMaxBytes
    }

    /// What is unsealed.
    struct Load {
        var journalBytes: Int64
        var records: Int
        var largestPartitionBytes: Int
        var partitions: Int
        var chunks: Int
        /// Of the oldest record that this generation began with or took in, in milliseconds of monotonic time; 0 without one.
        var age: Int64
        /// Of the oldest record that was carried over, likewise.
        var carriedAge: Int64
        /// The settings ask for another compression than this generation has.
        var compressionChanged: Bool
    }

    /// What a seal is due for.
    enum Due {
        case nothing
        /// Pointless while all that there is may wait.
        case age
        case size
    }

    func due(_ load: Load) -> Due {
        if load.journalBytes >= journalMaxBytes { return .size }
        guard load.records > 0 else { return .nothing }
        if load.largestPartitionBytes >= segmentMaxBytes || load.partitions >= maxPartitions
            || load.chunks >= maxChunks || load.compressionChanged
        {
            return .size
        }
        return load.age >= segmentMaxAge || load.carriedAge >= carriedMaxAge ? .age : .nothing
    }

    /// Which of the partitions a seal leaves for the next: small ones whose events are all late, the smallest first, until one of them has waited its
    /// time; then all are sealed together. Without that, a few late events of each of the last ninety days and of each class
    /// would make as many tiny files at each seal.
    ///
    /// - Parameter wall: of the seal, milliseconds.
    func carried(_ partitions: [RecordSummary], wall: Int64, load: Load) -> [Int] {
        guard !load.compressionChanged, max(load.age, load.carriedAge) < carriedMaxAge else { return [] }
        let (late, overflows) = wall.subtractingReportingOverflow(Self.lateAfter)
        let eligible = partitions.indices.filter { index in
            let summary = partitions[index]
            return summary.records > 0 && summary.bytes <= carriedMaxBytes / 16 && !overflows && summary.lastTime < late
        }
        var bytes = 0
        let chosen = eligible.sorted { partitions[$0].bytes < partitions[$1].bytes }.prefix(maxPartitions / 2).prefix {
            bytes += partitions[$0].bytes
            return bytes <= carriedMaxBytes
        }
        return chosen.sorted()
    }
}

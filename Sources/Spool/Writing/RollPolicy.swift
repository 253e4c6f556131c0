/// Decides when a generation is sealed and which partitions are carried over.
struct RollPolicy {
    let segmentMaxBytes: Int
    /// A generation is sealed when its oldest record has this age. Milliseconds.
    let segmentMaxAge: Int64
    /// The same age for an integration's first generation, in milliseconds.
    let firstMaxAge: Int64
    let journalMaxBytes: Int64
    let maxPartitions: Int
    /// The number of chunks is limited, because each committed chunk takes memory until it is sealed.
    let maxChunks = 65_536

    /// How long a late event may wait to be sealed, in milliseconds: 12 × `segmentMaxAge`, but at most an hour. If `segmentMaxAge` itself is longer
    /// than an hour: `segmentMaxAge`.
    let carriedMaxAge: Int64
    let carriedMaxBytes: Int
    /// Events that are this much older than the seal are late: loaders already have the other files of that day. Milliseconds.
    static let lateAfter: Int64 = 86_400_000

    init(_ settings: SpoolSettings) {
        segmentMaxBytes = settings.segmentMaxBytes
        segmentMaxAge = settings.segmentMaxAge.milliseconds
        firstMaxAge = min(segmentMaxAge, settings.firstSegmentMaxAge?.milliseconds ?? segmentMaxAge)
        // If many partitions fill evenly, the journal reaches this limit before any partition reaches its own. The limit bounds the journal's size on
        // disk, and the time that a seal takes.
        journalMaxBytes =
            Int64(settings.segmentMaxBytes).multipliedReportingOverflow(by: 4).overflow
            ? .max : max(Int64(settings.segmentMaxBytes) * 4, 4_096)
        maxPartitions = settings.dueAtPartitions
        carriedMaxAge = max(
            segmentMaxAge, min(segmentMaxAge.multipliedReportingOverflow(by: 12).partialValue, 3_600_000))
        carriedMaxBytes = settings.carriedMaxBytes
    }

    /// The age at which a generation is sealed, in milliseconds. The number of the first generation is 1.
    func maxAge(generation: UInt64) -> Int64 { generation == 1 ? firstMaxAge : segmentMaxAge }

    /// The records that are not sealed yet.
    struct Load {
        var journalBytes: Int64
        var records: Int
        var largestPartitionBytes: Int
        var partitions: Int
        var chunks: Int
        /// Milliseconds of monotonic time since the generation's first commit with records; 0 if it has none.
        var age: Int64
        /// The age at which a seal is due.
        var maxAge: Int64
        /// Milliseconds of monotonic time since the oldest carried-over record was committed; 0 if there is none.
        var carriedAge: Int64
        /// True if the settings ask for another compression than this generation has.
        var compressionChanged: Bool
    }

    /// Why a seal is due.
    enum Due {
        case nothing
        /// The oldest record has reached the maximum age. The caller does not seal if all unsealed records can be carried over.
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
        return load.age >= load.maxAge || load.carriedAge >= carriedMaxAge ? .age : .nothing
    }

    /// The partitions that a seal leaves for the next one: small partitions whose events are all late. If they exceed a limit together, the seal
    /// leaves only the smallest ones. Once an unsealed record has waited `carriedMaxAge`, or if the compression changes, the seal leaves none.
    /// Without carrying over, each seal would write many tiny files: one for each class on each day (of the last ninety) that has a few late events.
    ///
    /// - Parameter wall: the time of the seal, in wall-clock milliseconds.
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

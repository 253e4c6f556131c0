/// Decides when a generation is sealed and which partitions are carried over.
struct RollPolicy {
    let segmentMaxBytes: Int
    /// The greatest age of a segment, in milliseconds.
    let segmentMaxAge: Int64
    /// The greatest age of the segments of an integration's first generation, in milliseconds.
    let firstMaxAge: Int64
    let journalMaxBytes: Int64
    let maxPartitions: Int
    /// The number of chunks is limited, because each committed chunk takes memory until it is sealed.
    let maxChunks = 65_536

    /// How long a late event may wait to be sealed: 12 × `segmentMaxAge`, but more than an hour only if `segmentMaxAge` itself is longer.
    /// Milliseconds.
    let carriedMaxAge: Int64
    let carriedMaxBytes: Int
    /// Events that are this much older than the seal are late: loaders already have the other files of that day. Milliseconds.
    static let lateAfter: Int64 = 86_400_000

    init(_ settings: SpoolSettings) {
        segmentMaxBytes = settings.segmentMaxBytes
        segmentMaxAge = settings.segmentMaxAge.milliseconds
        firstMaxAge = min(segmentMaxAge, settings.firstSegmentMaxAge?.milliseconds ?? segmentMaxAge)
        // If all partitions fill evenly, none becomes full, and only this limit makes a seal due. Four times the size of a segment limits both the
        // disk space of the journal and the time that a seal takes.
        journalMaxBytes =
            Int64(settings.segmentMaxBytes).multipliedReportingOverflow(by: 4).overflow
            ? .max : max(Int64(settings.segmentMaxBytes) * 4, 4_096)
        maxPartitions = settings.dueAtPartitions
        carriedMaxAge = max(
            segmentMaxAge, min(segmentMaxAge.multipliedReportingOverflow(by: 12).partialValue, 3_600_000))
        carriedMaxBytes = settings.carriedMaxBytes
    }

    /// The age at which a generation is sealed, the first one being 1. Milliseconds.
    func maxAge(generation: UInt64) -> Int64 { generation == 1 ? firstMaxAge : segmentMaxAge }

    /// The records that are not sealed yet.
    struct Load {
        var journalBytes: Int64
        var records: Int
        var largestPartitionBytes: Int
        var partitions: Int
        var chunks: Int
        /// Age of the oldest record of this generation, whether carried over or committed, in milliseconds of monotonic time; 0 if there is none.
        var age: Int64
        /// The age at which a seal is due.
        var maxAge: Int64
        /// Age of the oldest record that was carried over, in the same unit.
        var carriedAge: Int64
        /// The settings ask for a compression that differs from this generation's.
        var compressionChanged: Bool
    }

    /// Why a seal is due.
    enum Due {
        case nothing
        /// Age alone is no reason to seal if all unsealed records may wait.
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

    /// The partitions that a seal leaves for the next one: small ones whose events are all late, the smallest first. Once one of them has waited its
    /// full time, all are sealed together. Without this rule, a few late events for each class and each of the last ninety days would become that
    /// many tiny files at each seal.
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

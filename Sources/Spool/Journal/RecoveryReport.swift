/// What recovery found and did when a writer was opened, for the log.
package struct RecoveryReport: Sendable, Equatable {
    package var integration: String
    package var generation: UInt64
    /// The number of committed records that wait to be sealed.
    package var recordsRecovered = 0
    /// Bytes truncated from the journal's end. Their records are collected again, because the cursor from before these records is in force again.
    package var bytesCut: Int64 = 0
    package var cutReason: CutReason?
    /// The number of segments whose seal was decided earlier, and was finished by recovery or by a later attempt.
    package var segmentsFinished = 0
    /// How many of the segments in `segmentsFinished` no longer exist as files, because a loader has deleted them.
    package var segmentsGone = 0
    /// The number of staged files that were removed, because their seal was never decided.
    package var stagedFilesRemoved = 0
    /// Set if the state was older than the spool or was lost, and was restored (`StateRestoration`).
    package var restored: RestoredState?
    /// Set if the state knows of segments that the manifest does not list: the spool is from a backup.
    package var olderSpool: OlderSpool?
    /// True if the integration had no journal, although the spool shows that it once had one. Collection starts from the configured start.
    package var stateIsMissing: Bool { restored?.hadJournal == false }

    /// True if recovery found no problem and had nothing to repair.
    package var isClean: Bool {
        bytesCut == 0 && segmentsFinished == 0 && stagedFilesRemoved == 0 && restored == nil && olderSpool == nil
    }
}

/// What was learned from the segments that the state did not know.
package struct RestoredState: Sendable, Equatable {
    /// False if no state of this integration was found.
    package var hadJournal: Bool
    /// True if the state is a copy that was made during a seal, and the staged files of that seal have been removed since.
    package var isSealGivenUp = false
    /// The number of segments that the state did not know and that the manifest lists.
    package var segments = 0
    /// How many of the segments in `segments` had no manifest line until this restoration added it.
    package var newlyListed = 0
    /// The number of events that will be recognized when they are collected again.
    package var known = 0
    /// How many of the segments in `segments` no longer exist as files.
    package var missingSegments = 0
    /// The number of events in the segments that no longer exist. They can be collected twice, because they won't be recognized.
    package var missingEvents = 0
    /// The number of other events that can be collected twice: there are too many to be remembered, their segment is damaged, or their uid can't be
    /// read.
    package var unreadEvents = 0

    package var isExact: Bool { missingEvents == 0 && unreadEvents == 0 }
}

/// How much of a manifest is missing.
package struct OlderSpool: Sendable, Equatable {
    /// The minimum number of missing lines; nil if the journal has a version that did not record positions of the manifest.
    package var missingSegments: Int64?
    package var missingBytes: Int64
    /// When the last listed segment was sealed, in wall-clock milliseconds.
    package var lastSealed: Int64?

    /// Nil if the manifest, when it was opened, had every line that the journal knows of.
    init?(_ header: JournalHeader, isSealFinished: Bool, _ manifest: Manifest) {
        missingSegments = header.manifestSequence(isSealFinished: isSealFinished).map {
            $0 - (manifest.found.sequence ?? 0)
        }
        missingBytes = max(0, header.seal.manifest.length - manifest.found.length)
        lastSealed = manifest.lastSealed
        guard missingSegments.map({ $0 > 0 }) ?? (missingBytes > 0) else { return nil }
    }
}

/// What was found and done when a writer was opened, for the log and the status.
package struct RecoveryReport: Sendable, Equatable {
    package var integration: String
    package var generation: UInt64
    /// Committed records that wait to be sealed.
    package var recordsRecovered = 0
    /// Bytes truncated from the journal's end. Their records are collected again, because the cursor went back with them.
    package var bytesCut: Int64 = 0
    package var cutReason: CutReason?
    /// Segments of a seal that was decided earlier and has been finished now.
    package var segmentsFinished = 0
    /// How many of these segments no longer exist as files, because a loader has loaded and deleted them.
    package var segmentsGone = 0
    /// Staged files of a seal that was never decided.
    package var stagedFilesRemoved = 0
    /// The spool had segments that the state did not know of: the state is from a backup, or was lost.
    package var restored: RestoredState?
    /// The state knows of segments that the manifest does not list: the spool is from a backup.
    package var olderSpool: OlderSpool?
    /// The spool had segments of this integration, but there was no journal. Collection starts from the configured start.
    package var stateIsMissing: Bool { restored?.hadJournal == false }

    /// Whether recovery found nothing but the results of an orderly stop.
    package var isClean: Bool {
        bytesCut == 0 && segmentsFinished == 0 && stagedFilesRemoved == 0 && restored == nil && olderSpool == nil
    }
}

/// Segments that the state did not know, and what was learned from them.
package struct RestoredState: Sendable, Equatable {
    /// False if no state of this integration was found.
    package var hadJournal: Bool
    /// The state is a copy from the middle of a seal, and the staged files of that seal have been removed since.
    package var isSealGivenUp = false
    /// Segments that the manifest lists.
    package var segments = 0
    /// How many of these segments had no manifest line before and have one now.
    package var newlyListed = 0
    /// Events that will be recognized when they are collected again.
    package var known = 0
    /// Events that won't be recognized, and can be collected twice: their segments were deleted or damaged, or more were found than can be
    /// remembered, or their uid can't be read.
    package var missingSegments = 0
    package var missingEvents = 0
    package var unreadEvents = 0

    package var isExact: Bool { missingEvents == 0 && unreadEvents == 0 }
}

/// How much of a manifest is missing.
package struct OlderSpool: Sendable, Equatable {
    /// The minimum number of missing lines; nil if the journal's version did not record it.
    package var missingSegments: Int64?
    package var missingBytes: Int64
    /// When the last listed segment was sealed, in wall-clock milliseconds.
    package var lastSealed: Int64?

    /// Nil if the manifest, as opened, has every line that a journal knows.
    init?(_ header: JournalHeader, isSealFinished: Bool, _ manifest: Manifest) {
        missingSegments = header.manifestSequence(isSealFinished: isSealFinished).map {
            $0 - (manifest.found.sequence ?? 0)
        }
        missingBytes = max(0, header.seal.manifest.length - manifest.found.length)
        lastSealed = manifest.lastSealed
        guard missingSegments.map({ $0 > 0 }) ?? (missingBytes > 0) else { return nil }
    }
}

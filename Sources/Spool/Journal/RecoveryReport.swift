/// What opening a writer found and did, for the log and the status.
package struct RecoveryReport: Sendable, Equatable {
    package var integration: String
    package var generation: UInt64
    /// Committed records that wait to be sealed.
    package var recordsRecovered = 0
    /// Bytes cut from the journal's end: their records are collected again by the cursor.
    package var bytesCut: Int64 = 0
    package var cutReason: CutReason?
    /// Segments of a seal that was decided and is finished now.
    package var segmentsFinished = 0
    /// Of those, files that were not there any more: loaded and deleted by a loader.
    package var segmentsGone = 0
    /// Staged files of a seal that was never decided.
    package var stagedFilesRemoved = 0
    /// The spool had segments that the state did not know of: the state is from a backup, or was lost.
    package var restored: RestoredState?
    /// The state knows of segments that the manifest does not list: the spool is from a backup.
    package var olderSpool: OlderSpool?
    /// The spool had segments of this integration but there was no journal. Collection starts again from the configured start.
    package var stateIsMissing: Bool { restored?.hadJournal == false }

    /// Nothing but an orderly stop before.
    package var isClean: Bool {
        bytesCut == 0 && segmentsFinished == 0 && stagedFilesRemoved == 0 && restored == nil && olderSpool == nil
    }
}

/// Segments that a state did not know of, and what could be learned from them.
package struct RestoredState: Sendable, Equatable {
    /// False where nothing of the state was there.
    package var hadJournal: Bool
    /// The state is a copy from the middle of a seal, and the files of that seal were removed since.
    package var isSealGivenUp = false
    /// Those that the manifest lists.
    package var segments = 0
    /// Of them, those that had no line yet, and have got one.
    package var newlyListed = 0
    /// Events that are recognized when they are collected again.
    package var known = 0
    /// Events that are not, and can come again: their segments were deleted or are damaged; or there are more of them than are kept in mind, or no
    /// uid can be read.
    package var missingSegments = 0
    package var missingEvents = 0
    package var unreadEvents = 0

    package var isExact: Bool { missingEvents == 0 && unreadEvents == 0 }
}

/// How much of a manifest is missing.
package struct OlderSpool: Sendable, Equatable {
    /// Lines, at least; nil where the journal is of a version that did not keep their number.
    package var missingSegments: Int64?
    package var missingBytes: Int64
    /// When the last segment that is listed was sealed, wall-clock milliseconds.
    package var lastSealed: Int64?

    /// Nil if the manifest, as it was opened, has all that a journal knows of.
    init?(_ header: JournalHeader, isSealFinished: Bool, _ manifest: Manifest) {
        missingSegments = header.manifestSequence(isSealFinished: isSealFinished).map {
            $0 - (manifest.found.sequence ?? 0)
        }
        missingBytes = max(0, header.seal.manifest.length - manifest.found.length)
        lastSealed = manifest.lastSealed
        guard missingSegments.map({ $0 > 0 }) ?? (missingBytes > 0) else { return nil }
    }
}

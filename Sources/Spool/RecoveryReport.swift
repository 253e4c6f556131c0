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
    /// The spool holds segments of this integration but there is no journal: the state directory was lost or emptied. Collecting again from
    /// the configured start can repeat events that are sealed.
    package var stateIsMissing = false

    /// Nothing but an orderly stop before.
    package var isClean: Bool { bytesCut == 0 && segmentsFinished == 0 && stagedFilesRemoved == 0 && !stateIsMissing }
}

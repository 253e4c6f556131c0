import Logging
import Spool
import Systemd

// The log messages about an integration's recovery, whether a collector or only a seal has opened its journal.
extension RecoveryReport {
    /// Logs what recovery found and did; nothing if there was nothing to repair.
    func announce(to logger: Logger) {
        let metadata: Logger.Metadata = [LogKey.integration: "\(integration)"]
        if let restored { logger.announce(.spoolError, "\(Self.words(restored))", metadata: metadata) }
        if let olderSpool { logger.announce(.spoolError, "\(words(olderSpool))", metadata: metadata) }
        if bytesCut > 0 || segmentsFinished > 0 || stagedFilesRemoved > 0 {
            logger.announce(.spoolRecovered, "recovered after a crash: \(repairs)", metadata: metadata)
        }
    }

    /// What was repaired. A part whose number is 0 is left out.
    private var repairs: String {
        let cut = cutReason == .checksum ? "with a wrong checksum" : "of an unfinished commit"
        let parts: [(number: Int64, one: String, more: String)] = [
            (Int64(recordsRecovered), "record waits to be sealed", "records wait to be sealed"),
            (
                bytesCut, "byte \(cut) was removed from the journal, and its event is collected again",
                "bytes \(cut) were removed from the journal, and their events are collected again"
            ),
            (
                Int64(segmentsFinished), "segment of an unfinished seal was completed",
                "segments of an unfinished seal were completed"
            ),
            (
                Int64(stagedFilesRemoved), "temporary file was removed, because its seal never took effect",
                "temporary files were removed, because their seal never took effect"
            ),
        ]
        return parts.filter { $0.number > 0 }.map { "\($0.number, $0.one, $0.more)" }
            .joined(separator: ". ")
    }

    private static func words(_ restored: RestoredState) -> String {
        var sentences = [restored.hadJournal ? olderState(restored) : missingState(restored)]
        if restored.known > 0 {
            sentences.append(
                """
                \(restored.isExact ? "The " : "")\(restored.known, "event", "events") of those segments will be recognized by uid when collected \
                again, and not stored twice
                """)
        }
        var repeated: [String] = []
        if restored.missingEvents > 0 {
            let segments = "\(restored.missingSegments, "deleted segment", "deleted segments")"
            repeated.append("\(restored.missingEvents, "event", "events") of \(segments)")
        }
        if restored.unreadEvents > 0 {
            repeated.append("\(restored.unreadEvents, "event", "events") that can't be recognized")
        }
        if !repeated.isEmpty {
            sentences.append(
                "\(repeated.joined(separator: " and ")) may be collected twice: drop duplicates by metadata.uid")
        }
        return sentences.joined(separator: ". ")
    }

    private static func olderState(_ restored: RestoredState) -> String {
        var facts: [String] = []
        if restored.segments > 0 || !restored.isSealGivenUp {
            facts.append("it lacks \(restored.segments, "segment", "segments") that the spool has")
        }
        if restored.isSealGivenUp { facts.append("a seal that it describes as unfinished can't be completed") }
        return """
            the state directory is older than the spool: \(facts.joined(separator: ", and ")). Collection continues from the last seal in the \
            state directory
            """
    }

    private static func missingState(_ restored: RestoredState) -> String {
        let found = restored.segments > 0 ? "\(restored.segments, "segment", "segments")" : "an unfinished seal"
        return """
            the spool has \(found) of this integration, but the state directory has no journal: was it emptied? Collection starts again from \
            the configured start. Records of events before that start are lost if they were not sealed
            """
    }

    private func words(_ older: OlderSpool) -> String {
        let missing =
            older.missingSegments.map { "at least \($0, "segment", "segments")" }
            ?? "some segments (\(older.missingBytes) bytes of the manifest)"
        let since = older.lastSealed.map { ", sealed after \(WallClock.text($0))" } ?? ""
        return """
            the spool is older than the state directory: its manifest lacks \(missing) of this integration or others\(since). Their \
            events are not collected again automatically, and their positions are not reused. Restore the newer spool; or stop \
            Tributary, move integrations/\(integration) out of the state directory, set `start` to an earlier time, and start it again: \
            Tributary then drops the events that the spool already has (/usr/share/doc/tributary/backup.md)
            """
    }
}

import CommandHints

/// What one pass of the retention deleted, and what it kept because a loader has not acknowledged it.
package struct RetentionOutcome: Sendable, Equatable {
    /// The deleted segments in the order of sealing. In a dry run: the segments that would be deleted.
    package var deleted: [SpoolFile] = []
    /// The number of segments that are kept only because a loader has not acknowledged them in time.
    package var waiting = 0
    /// The size of these waiting segments in bytes.
    package var waitingBytes: Int64 = 0
    /// The error of the first segment that could not be deleted; nil if there was none. The remaining segments were tried, too.
    package var failure: SpoolError?
}

/// Deletes sealed segments that a rule allows to be deleted, oldest first. Only files that have a line in the manifest are deleted, never journals
/// or staged files. So it is safe while a daemon runs.
struct Retention {
    /// The maximum number of segments that one pass deletes. The next pass continues after them.
    static let passLimit: Int = 50_000
    /// The maximum number of lines that one pass of the daemon reads to find the first segment that still exists. The next pass continues after
    /// these lines.
    static let gonePassLimit: Int = 100_000
    /// The manifest's lines are in the order of sealing, except that the lines of a slow seal can be late by up to this time. Milliseconds.
    static let disorder: Int64 = 3_600_000
    let fileSystem: any FileSystem
    let directory: String

    /// Deletes the segments that the rule allows to be deleted, or only returns them if `dryRun` is true. A file that someone else has deleted is
    /// skipped.
    ///
    /// - Parameters:
    ///   - goneBefore: the manifest's offset before which all segments are known to be deleted. This call updates it.
    ///   - goneLimit: the maximum number of lines to read before the first line whose segment still exists. With a limit, reading also stops at the
    ///     first line whose segment is too young. Nil reads the whole manifest.
    func apply(
        _ rule: DeletionRule, goneBefore: inout Int64, goneLimit: Int? = nil, dryRun: Bool
    ) throws(SpoolError) -> RetentionOutcome {
        var outcome = RetentionOutcome()
        var old: [SpoolFile] = []
        var allGone = true
        var start = goneBefore
        let scan = ManifestScan(fileSystem, directory: directory)
        // The spool may have been replaced by one with a shorter manifest.
        if let size = try fileSystem.status(scan.path)?.size, size < start { start = 0 }
        var gone = start
        var goneLines = 0
        try scan.lines(from: start) { (line, end) throws(SpoolError) in
            guard let head = ManifestHead(line), let name = head.path.split(separator: "/").last,
                Path.staysBelow(head.path),
                let sealedAt = SealedSegment.sealingTime(fileName: name)
            else { return true }
            let verdict = rule.verdict(sequence: head.sequence, path: head.path, sealedAt: sealedAt)
            guard verdict != .keep || allGone else {
                return goneLimit == nil || !rule.keepsAll(after: head.sequence, sealedAt: sealedAt - Self.disorder)
            }
            guard let status = try fileSystem.status("\(directory)/\(head.path)") else {
                if allGone {
                    gone = end
                    goneLines += 1
                }
                return goneLimit.map { goneLines < $0 } ?? true
            }
            allGone = false
            switch verdict {
            case .keep: break
            case .wait:
                outcome.waiting += 1
                outcome.waitingBytes += status.size
            case .delete:
                // A damaged line must not cause a deletion.
                guard ManifestLine(line)?.path == head.path else { break }
                old.append(
                    SpoolFile(
                        path: head.path, bytes: status.size, compression: Compression(fileName: name),
                        sealedAt: sealedAt))
            }
            return old.count < Self.passLimit
        }
        goneBefore = gone
        old.sort { ($0.sealedAt ?? 0, $0.path) < ($1.sealedAt ?? 0, $1.path) }
        guard !dryRun else {
            outcome.deleted = old
            return outcome
        }
        try delete(old, &outcome)
        return outcome
    }

    /// Deletes files. If a file can't be deleted, the error is noted in the outcome, and the remaining files are deleted nevertheless.
    private func delete(_ old: [SpoolFile], _ outcome: inout RetentionOutcome) throws(SpoolError) {
        for file in old {
            let path = "\(directory)/\(file.path)"
            do {
                try fileSystem.unlink(path)
                outcome.deleted.append(file)
            } catch {
                if try fileSystem.status(path) != nil, outcome.failure == nil { outcome.failure = error }
            }
            // If this was the last segment of its day, its directory is removed, too. A late event would create the directory again.
            if let parent = Path.parent(of: path) { try? fileSystem.removeDirectory(parent) }
        }
    }
}

/// What prevents the deletion of segments, for the status.
package struct RetentionReport: Sendable, Equatable {
    package var waitingSegments = 0
    package var waitingBytes: Int64 = 0
    /// The loaders with the lowest acknowledged position.
    package var loaders: [String] = []
    /// The problem in words, with what to do; nil if nothing prevents deletion.
    package var problem: String?

    package init() {}

    init(_ outcome: RetentionOutcome, _ acknowledged: [Acknowledgement]) {
        guard outcome.waiting > 0, let slowest = acknowledged.map(\.sequence).min() else { return }
        waitingSegments = outcome.waiting
        waitingBytes = outcome.waitingBytes
        loaders = acknowledged.filter { $0.sequence == slowest }.map(\.loader)
        let kept = "\(waitingSegments, "segment is", "segments are") kept"
        problem =
            "\(kept) (\(waitingBytes) bytes) for \(loaders.joined(separator: ", ")), "
            + "whose last acknowledged position is \(slowest): let each of these loaders continue, "
            + "or remove it: `\(CommandHint.command("spool ack --loader \(loaders.first ?? "NAME") --remove"))`"
    }
}

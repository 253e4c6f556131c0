/// What a pass of the retention deleted, and what it left for a loader's sake.
package struct RetentionOutcome: Sendable, Equatable {
    /// In the order in which they went: by the time of sealing.
    package var deleted: [SpoolFile] = []
    /// Segments that only lack an acknowledgement, and their bytes.
    package var waiting = 0
    package var waitingBytes: Int64 = 0
    /// The first segment that could not be deleted; the others were tried.
    package var failure: SpoolError?
}

/// Deletes sealed segments that a rule lets go, oldest first. It goes by the manifest: what has no line there, a journal or a staged file is never
/// touched, so it is safe beside a running daemon.
struct Retention {
    /// Segments that one pass deletes; more are left to the next.
    static let passLimit: Int = 50_000
    /// Lines of segments that are gone which one pass of the daemon reads before the first that is there; the next pass goes on behind them.
    static let gonePassLimit: Int = 100_000
    /// The manifest is in the order of sealing. Seals of other integrations that took long may stand this far from their place, in milliseconds.
    static let disorder: Int64 = 3_600_000
    let fileSystem: any FileSystem
    let directory: String

    /// Deletes, or with `dryRun` only names. A file that another has deleted is passed over.
    ///
    /// - Parameters:
    ///   - goneBefore: the manifest's offset before which every segment is known to be gone; moved forward.
    ///   - goneLimit: lines of segments that are gone that are read before the first that is there; with it the rest of the manifest is not
    ///     read either, once it is too young. Nil reads it all.
    func apply(
        _ rule: DeletionRule, goneBefore: inout Int64, goneLimit: Int? = nil, dryRun: Bool
    ) throws(SpoolError) -> RetentionOutcome {
        var outcome = RetentionOutcome()
        var old: [SpoolFile] = []
        var allGone = true
        var start = goneBefore
        let scan = ManifestScan(fileSystem, directory: directory)
        // The manifest of a spool that was put in this one's place may be shorter.
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
                // What a damaged line says is not acted on.
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
        for file in old {
            let path = "\(directory)/\(file.path)"
            do {
                try fileSystem.unlink(path)
                outcome.deleted.append(file)
            } catch {
                if try fileSystem.status(path) != nil, outcome.failure == nil { outcome.failure = error }
            }
            // Its day is over when the last segment goes; a late event makes the directory again.
            if let parent = Path.parent(of: path) { try? fileSystem.removeDirectory(parent) }
        }
        return outcome
    }
}

/// What holds deletion up, for the status.
package struct RetentionReport: Sendable, Equatable {
    package var waitingSegments = 0
    package var waitingBytes: Int64 = 0
    /// Those that have acknowledged least.
    package var loaders: [String] = []
    /// In words, with what to do; nil when nothing holds it up.
    package var problem: String?

    package init() {}

    init(_ outcome: RetentionOutcome, _ acknowledged: [Acknowledgement]) {
        guard outcome.waiting > 0, let slowest = acknowledged.map(\.sequence).min() else { return }
        waitingSegments = outcome.waiting
        waitingBytes = outcome.waitingBytes
        loaders = acknowledged.filter { $0.sequence == slowest }.map(\.loader)
        problem =
            "\(waitingSegments) segments with \(waitingBytes) bytes are kept for \(loaders.joined(separator: ", ")), acknowledged up to position "
            + "\(slowest): see to that loader, or take it out with `tributary spool ack --loader NAME --remove`"
    }
}

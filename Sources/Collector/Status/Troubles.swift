import CommandHints
import Glibc
import Logging
import OktaAPI
import Spool
import Systemd

// How the modules' errors are described to an operator.

extension IntegrationHealth.Trouble {
    /// Describes a pager's trouble; nil if it is not a problem of the integration (see ``ProblemKind/init(_:)``).
    init?(_ trouble: PagerTrouble) {
        guard let kind = ProblemKind(trouble.kind) else { return nil }
        self.kind = kind
        message = trouble.what
        remedy = trouble.advice
        way = trouble.way
    }

    init(spool error: SpoolError) {
        message = error.description
        if case .full = error {
            kind = .spoolFull
        } else {
            // errno(3): no space left on the device, or this user's quota is used up.
            kind = error.errnoCode == ENOSPC || error.errnoCode == EDQUOT ? .spoolFull : .spool
        }
        remedy =
            switch error {
            case .file(let error) where error.code == EIO && error.operation.reads:
                """
                This integration waits, and continues automatically once the file can be read. If it stays unreadable, stop Tributary, and \
                restore the state directory or start without it (/usr/share/doc/tributary/backup.md)
                """
            case .full, .file: "Nothing is lost: collection continues automatically once the spool can be written"
            case .bucket, .sealUndecided:
                "Nothing is lost: the integration waits, and continues automatically once the bucket can be used"
            case .damaged: "This integration waits, and continues automatically when the damage is repaired"
            default: "This integration waits; correct the problem, then restart the daemon"
            }
    }

    init(cursor error: CursorError) {
        kind = .cursor
        message = error.description
        remedy =
            switch error {
            case .otherOrganization:
                "This integration waits, and checks once a minute which organization the address belongs to"
            default:
                """
                This integration waits. If the org's address was changed, restore the old one; to start again from the \
                configured start, stop the daemon and move the integration's directory out of the state directory
                """
            }
    }
}

extension FileOperation {
    /// Whether the operation needs what is already on the disk. If it fails with EIO, the disk may have lost that.
    fileprivate var reads: Bool {
        switch self {
        case .open, .read, .size, .status, .list: true
        default: false
        }
    }
}

extension SpoolError {
    /// Whether a retry may succeed without a restart of the daemon. True if the disk is full, read-only or failing, if the fleet's bucket can't be
    /// used, if a seal is not decided yet, or if a seal has begun a new journal generation, so that the records must be appended again.
    var passesByItself: Bool {
        switch self {
        case .full, .file, .bucket, .sealUndecided, .stalePartition: true
        default: false
        }
    }
}

extension IngestWorker.Sealing {
    /// Reports a seal, or why it failed, on the status board and in the log.
    func report(to board: StatusBoard, entry: StatusBoard.ID, logger: Logger) {
        board.sealed(sealed.count)
        let trouble = failure.map { failure in
            var trouble = IntegrationHealth.Trouble(spool: failure)
            trouble.message = "segments can't be sealed: \(failure)"
            if case .damaged = failure {
                trouble.remedy =
                    "Tributary removes the damaged records and all later ones from the journal, "
                    + "and collects their events again"
            }
            return trouble
        }
        let transition = board.update(entry) { health in
            health.sealed(unsealed, failure: trouble, at: WallClock.now())
        }
        let metadata: Logger.Metadata = [LogKey.integration: "\(integration)"]
        if let generation { board.updateFleet { $0?.began(integration, generation: generation) } }
        if let fenced {
            board.updateFleet { $0?.fenced(dropped: fenced.dropped) }
            let dropped =
                fenced.dropped > 0
                ? "this host drops \(fenced.dropped) unsealed records; "
                    + "\(fenced.by) has collected their events or will collect them"
                : "this host had no unsealed records"
            logger.announce(
                .integrationFenced,
                "\(fenced.by) sealed first and began generation \(fenced.generation) in the fleet's bucket: \(dropped)",
                metadata: metadata)
        }
        for segment in sealed {
            logger.announce(
                .segmentSealed,
                "sealed \(segment.path): \(segment.records, "record", "records"), \(segment.bytes) bytes",
                metadata: metadata)
        }
        switch transition {
        case nil, .becameLive: break
        case .entered(let trouble):
            logger.announce(.spoolError, "\(trouble.message). \(trouble.remedy).", metadata: metadata)
        case .stillIn(let trouble, let seconds):
            logger.announce(
                .spoolError, "for \(StatusReport.duration(seconds)): \(trouble.message). \(trouble.remedy).",
                metadata: metadata)
        case .recovered(let trouble, let seconds):
            logger.announce(
                .integrationRecovered,
                "segments can be sealed again, after a problem that lasted \(StatusReport.duration(seconds)): \(trouble.message)",
                metadata: metadata)
        }
    }
}

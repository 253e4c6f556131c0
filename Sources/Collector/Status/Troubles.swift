import Glibc
import Logging
import OktaAPI
import Spool
import Systemd

// How the modules' errors are told to a person.

extension IntegrationHealth.Trouble {
    init(_ trouble: PagerTrouble) {
        kind = trouble.kind.rawValue
        message = trouble.what
        remedy = trouble.advice
        way = trouble.way
        isRateLimit = trouble.kind == .rateLimited || trouble.kind == .concurrencyLimited
    }

    init(spool error: SpoolError) {
        isSpool = true
        message = error.description
        if case .full = error {
            kind = "spool_full"
        } else {
            // errno(3): no space left on the device, or none of this user's quota.
            kind = error.errnoCode == ENOSPC || error.errnoCode == EDQUOT ? "spool_full" : "spool"
        }
        remedy =
            switch error {
            case .full, .file: "Nothing is lost: collection goes on by itself once the spool can be written"
            case .damaged: "This integration waits, and goes on by itself when that is done"
            default: "This integration waits until that is done, then restart the daemon"
            }
    }

    init(cursor error: CursorError) {
        kind = "cursor"
        message = error.description
        remedy =
            switch error {
            case .otherOrganization: "This integration waits, and looks at the address once a minute"
            default:
                """
                This integration waits. If the org's address was changed, put the old one back; to start again from the \
                configured start, stop the daemon and move the integration's directory out of the state directory
                """
            }
    }

    var isFull: Bool { kind == "spool_full" }
}

extension SpoolError {
    /// Whether the same call can succeed later with nobody touching Tributary: a disk that is full, read-only or failing.
    var passesByItself: Bool {
        switch self {
        case .full, .file: true
        default: false
        }
    }
}

extension PagerTrouble {
    var messageID: MessageID {
        switch kind {
        case .rateLimited, .concurrencyLimited: .rateLimited
        case .unauthorized, .forbidden: .credentialRefused
        case .unreachable: .oktaUnreachable
        case .notOkta, .brokenBody, .tooLarge, .rejected: .pageUnreadable
        case .cursorRefused: .cursorRefused
        default: .oktaError
        }
    }
}

extension IngestWorker.Sealing {
    /// Notes a seal, or why there was none, where people look.
    func report(to board: StatusBoard, entry: StatusBoard.ID, logger: Logger) {
        board.sealed(sealed.count)
        let trouble = failure.map { failure in
            var trouble = IntegrationHealth.Trouble(spool: failure)
            trouble.message = "segments can't be sealed: \(failure)"
            if case .damaged = failure { trouble.remedy = "What stands behind the damage is cut and collected again" }
            return trouble
        }
        let isWorthALine = board.update(entry) { health in
            health.sealed(unsealedRecords: unsealedRecords, failure: trouble, at: WallClock.now())
        }
        for segment in sealed {
            logger.announce(
                .segmentSealed, "sealed \(segment.path): \(segment.records) records, \(segment.bytes) bytes",
                metadata: [LogKey.integration: "\(integration)"])
        }
        if isWorthALine, let trouble {
            logger.announce(
                .spoolError, "\(trouble.message). \(trouble.remedy).",
                metadata: [LogKey.integration: "\(integration)"])
        }
    }
}

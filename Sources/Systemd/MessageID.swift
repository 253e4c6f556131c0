import Logging

/// The events worth an explanation, each with its 128-bit `MESSAGE_ID` (systemd.journal-fields(7)).
///
/// The ids are part of the contract: monitoring filters on them (`journalctl MESSAGE_ID=…`) and `systemd/tributary.catalog` explains each
/// to `journalctl -x`. A new case takes a new id (`systemd-id128 new`); the id of a case never changes and is never used again.
package enum MessageID: String, CaseIterable, Sendable {
    /// The process runs; version and configuration are known.
    case started = "057dcee7ad67435497fd205518db4d59"
    /// The spool is recovered and collection runs.
    case ready = "8035c816222848a4b64fdb7bf6335da2"
    /// Shutdown began.
    case stopping = "625a3914a99648cba807cfb105ef70e9"
    /// A configuration was refused, at start or at a reload.
    case configurationRefused = "93c8400516184dafb85b5958d711743f"
    /// A changed configuration is in force.
    case reloaded = "164ae62af41f49a3839efb08869cb0ca"
    /// Okta refused a credential (401, 403), or it can't be read.
    case credentialRefused = "66090215e64d40948eb23dd37d80b02d"
    /// The org's rate limit is used up; collection waits for its reset.
    case rateLimited = "85d0636b508141d6b7aad67fbfc933a4"
    /// The org could not be reached: name, route, TLS or time-out.
    case oktaUnreachable = "9f3f3e2374ce4acc9e0bb17d7bab206b"
    /// The org answered with an error that is its own (5xx or an unexpected status).
    case oktaError = "73caaaed3de1467ea7e16d0810cdd093"
    /// A page's body could not be read as a list of events.
    case pageUnreadable = "d216737d79e44168b78c6dc89f8e98d2"
    /// An event could not become a record and was set aside whole.
    case eventRejected = "ad6fdcd98d204d72adc14df2f7670ba0"
    /// A segment was sealed.
    case segmentSealed = "da24c228a3bd4bbea7aaa4d11c9d3e5e"
    /// The spool reached its bound or the disk is full; collection pauses.
    case spoolFull = "28d94985f9494caf9ce3934325771984"
    /// The spool could not be read or written.
    case spoolError = "458cf0217c6849439a2e89e955805150"
    /// Recovery cut a torn tail that a crash had left.
    case spoolRecovered = "e7d1c97a4a9f41bdbb99d1b33712972f"
    /// A part of the process makes no progress; the watchdog is held back.
    case watchdogStarving = "30ac0e7919dc40a2bfbe3c2d6b350ddf"
    /// An integration that was in trouble collects again.
    case integrationRecovered = "92d0084f6b3d4c4db2b9dbeb851e08f1"
    /// Okta does not take the kept place in its log any more.
    case cursorRefused = "da8ac26163f8471db7b77f9e919eedf9"
    /// The log is queried by time, because a link is of no use.
    case logRequeried = "332551605eb34a0099a0264084df7347"
    /// Events that are no longer available: Okta keeps them for 90 days.
    case eventsMissing = "a44df1e9cbb14e578ec6bf0db0c38e12"
    /// Events that are collected and may have been collected before.
    case eventsUnproven = "4e14b5aff6734b38a19a45d49f67a200"
    /// This host's clock is more than a minute from Okta's.
    case clockWrong = "19906f5ebcfa412a941d6b830e557a9d"
    /// A credential ends soon, or was not used for so long that Okta drops it.
    case credentialEnds = "f33aac2f26b84aa3a71af804ac403d04"
    /// A destination does not take segments now; delivery waits and tries again.
    case deliveryWaiting = "87151a8f6344436e9c7bb5ccad293167"
    /// A destination refuses a segment for good, or the segment is missing: no other follows.
    case deliveryStopped = "226c1847b4b9463084a48827cf796260"
    /// A destination that was in trouble takes segments again.
    case deliveryRecovered = "20b9f7d9db584e6b8257f50358e1bb2e"

    /// How serious the event is, the same wherever it is announced.
    package var level: Logger.Level {
        switch self {
        case .segmentSealed: .debug
        case .started: .info
        case .ready, .reloaded, .stopping, .spoolRecovered, .integrationRecovered, .deliveryRecovered, .rateLimited,
            .logRequeried:
            .notice
        case .oktaUnreachable, .oktaError, .pageUnreadable, .eventRejected, .cursorRefused, .eventsUnproven,
            .clockWrong, .credentialEnds, .deliveryWaiting:
            .warning
        case .configurationRefused, .credentialRefused, .spoolFull, .spoolError, .eventsMissing, .deliveryStopped:
            .error
        case .watchdogStarving: .critical
        }
    }
}

extension Logger {
    /// Logs an event of the table at the event's own level, with its `MESSAGE_ID`.
    ///
    /// ```swift
    /// logger.announce(.oktaUnreachable, "no answer within 60 s", metadata: [LogKey.integration: "acme"])
    /// ```
    package func announce(
        _ id: MessageID, _ message: @autoclosure () -> Logger.Message,
        metadata: @autoclosure () -> Logger.Metadata = [:],
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            level: id.level, message(),
            metadata: metadata().merging([LogKey.messageID: "\(id.rawValue)"]) { _, id in id },
            file: file, function: function, line: line)
    }
}

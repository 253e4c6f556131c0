import Logging

/// The kinds of log messages that have an explanation, each with its 128-bit `MESSAGE_ID` (systemd.journal-fields(7)).
///
/// The ids are part of the contract: monitoring filters by them (`journalctl MESSAGE_ID=…`), and `systemd/tributary.catalog` explains each
/// to `journalctl -x`. A new case needs a new id (`systemd-id128 new`). The id of a case never changes and is never reused.
package enum MessageID: String, CaseIterable, Sendable {
    /// The process runs, and has read its configuration.
    case started = "057dcee7ad67435497fd205518db4d59"
    /// The spool has been recovered and collection runs.
    case ready = "8035c816222848a4b64fdb7bf6335da2"
    /// Shutdown has begun.
    case stopping = "625a3914a99648cba807cfb105ef70e9"
    /// A configuration, or the settings of one integration, was refused at the start or at a reload.
    case configurationRefused = "93c8400516184dafb85b5958d711743f"
    /// A reload has succeeded: the configuration that it has read is in force.
    case reloaded = "164ae62af41f49a3839efb08869cb0ca"
    /// Okta has refused a credential (401, 403), or the credential's secret can't be read.
    case credentialRefused = "66090215e64d40948eb23dd37d80b02d"
    /// The org's rate limit is used up, or the org got too many requests at once. Collection waits.
    case rateLimited = "85d0636b508141d6b7aad67fbfc933a4"
    /// The org could not be reached: an error of name resolution, routing or TLS, or a time-out.
    case oktaUnreachable = "9f3f3e2374ce4acc9e0bb17d7bab206b"
    /// The org answered with an error (5xx or an unexpected status), or its answer can't be used.
    case oktaError = "73caaaed3de1467ea7e16d0810cdd093"
    /// A page's body could not be read as a list of events.
    case pageUnreadable = "d216737d79e44168b78c6dc89f8e98d2"
    /// An event could not become a record and was set aside in full.
    case eventRejected = "ad6fdcd98d204d72adc14df2f7670ba0"
    /// A segment was sealed.
    case segmentSealed = "da24c228a3bd4bbea7aaa4d11c9d3e5e"
    /// The spool has reached its limit or the disk is full; collection pauses.
    case spoolFull = "28d94985f9494caf9ce3934325771984"
    /// The spool, or another place where the daemon stores data, could not be read or written, or its contents can't be used.
    case spoolError = "458cf0217c6849439a2e89e955805150"
    /// Unfinished data was removed or completed after a crash, or records of an integration that is no longer configured were sealed.
    case spoolRecovered = "e7d1c97a4a9f41bdbb99d1b33712972f"
    /// A part of the process makes no progress, so systemd's watchdog gets no keep-alive.
    case watchdogStarving = "30ac0e7919dc40a2bfbe3c2d6b350ddf"
    /// A problem of an integration has ended: collection works again, or segments can be sealed again.
    case integrationRecovered = "92d0084f6b3d4c4db2b9dbeb851e08f1"
    /// Okta no longer accepts the place at which collection was to continue.
    case cursorRefused = "da8ac26163f8471db7b77f9e919eedf9"
    /// The link to the next page can't be used, because of Okta's answer or a changed configuration. So the log is queried by time.
    case logRequeried = "332551605eb34a0099a0264084df7347"
    /// Events were not collected and are no longer available, because Okta keeps them only for 90 days.
    case eventsMissing = "a44df1e9cbb14e578ec6bf0db0c38e12"
    /// Events may have been collected twice, because too few of the events collected earlier were found again.
    case eventsUnproven = "4e14b5aff6734b38a19a45d49f67a200"
    /// This host's clock differs from Okta's by more than a minute.
    case clockWrong = "19906f5ebcfa412a941d6b830e557a9d"
    /// A credential expires soon, or has not been used for so long that Okta will revoke it.
    case credentialEnds = "f33aac2f26b84aa3a71af804ac403d04"
    /// A destination does not accept segments at the moment; delivery waits and retries.
    case deliveryWaiting = "87151a8f6344436e9c7bb5ccad293167"
    /// A destination refuses a segment permanently, or the segment is missing; delivery stops.
    case deliveryStopped = "226c1847b4b9463084a48827cf796260"
    /// A destination that had a problem accepts segments again.
    case deliveryRecovered = "20b9f7d9db584e6b8257f50358e1bb2e"
    /// This host has lost its lease in the fleet, or can't get one, so it collects nothing.
    case fleetLeaseLost = "61ae8cc5518e49b8a8d6edb8d8ed9f36"
    /// This host takes part in its fleet: for the first time since the daemon's start, again after a problem, or again after a drain.
    case fleetJoined = "4677af0c0f4748deb008976cd211a563"
    /// This host hands over its integrations and takes no new ones, as requested by `tributary fleet drain`.
    case fleetDraining = "c6efb68a8736436e9d25a894f4654d5f"
    /// The result of a response action has been recorded.
    case responseAction = "98e3ca62b8db4efd9ec5292d1859857a"
    /// Records of response actions can't be written, or the response log can't be read. The response actions wait in that log.
    case responsesWaiting = "8c7916a1baab44ac836eb52aae322f02"
    /// The problem that kept response actions from becoming records has ended.
    case responsesRecovered = "6f3028697bea4c0896f0ef095d9d2577"
    /// A part of the response log was deleted before it was read.
    case responsesMissing = "4c8738f16d874da98a801b8286ba11b9"
    /// Lines of the response log are damaged and did not become records.
    case responsesDamaged = "c96a7e7b37e849e28edb41517ab269bf"

    /// This host of a fleet has begun to collect an integration.
    case integrationTaken = "5f9a9b32c0a14a26b8a3727a91144363"
    /// This host could not seal its records of an integration, because another host of the fleet had already sealed records of that integration.
    case integrationFenced = "1f2e6e57ab1f4cb5a69463dfcf6a4823"

    /// How serious the event is. The level is the same wherever the event is announced.
    package var level: Logger.Level {
        switch self {
        case .segmentSealed: .debug
        case .started: .info
        case .responseAction, .ready, .reloaded, .stopping, .spoolRecovered, .integrationRecovered, .deliveryRecovered,
            .rateLimited, .logRequeried, .fleetJoined, .fleetDraining, .integrationTaken, .responsesRecovered:
            .notice
        case .oktaUnreachable, .oktaError, .pageUnreadable, .eventRejected, .cursorRefused, .eventsUnproven,
            .clockWrong, .credentialEnds, .deliveryWaiting, .fleetLeaseLost, .integrationFenced, .responsesDamaged:
            .warning
        case .configurationRefused, .credentialRefused, .spoolFull, .spoolError, .eventsMissing, .deliveryStopped,
            .responsesWaiting, .responsesMissing:
            .error
        case .watchdogStarving: .critical
        }
    }
}

extension Logger {
    /// Logs a message of the kind `id` at the kind's ``MessageID/level``, with its `MESSAGE_ID`.
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

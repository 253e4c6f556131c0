import CommandHints
import Logging
import OktaAPI
import Spool
import Systemd

// Log messages about a collector's pages, problems and changes.
extension IntegrationCollector {
    func note(_ committed: IngestWorker.Committed, _ page: LogPage) {
        let checkpoint = committed.checkpoint
        let transition = board.update(entry) { health in
            health.committed(
                IntegrationHealth.Commit(
                    way: page.way, events: committed.events, rejected: committed.rejected,
                    duplicates: committed.duplicates, unproven: checkpoint.unproven,
                    newest: checkpoint.newest?.milliseconds, answered: page.date?.milliseconds,
                    isCaughtUp: !page.expectsMore(count: checkpoint.count, newest: checkpoint.newest),
                    backfill: BackfillProgress(checkpoint.place), endsBackfill: checkpoint.change == .historyEnded,
                    gap: page.gap, requestID: page.requestID),
                at: time.wall)
        }
        if let rejection = committed.firstRejection {
            logger.announce(
                .eventRejected,
                """
                \(committed.rejected) of a page's \(committed.events + committed.rejected) new events could not become records \
                and are kept under _rejected; the first of these events \(rejection.reason.explanation)
                """, metadata: metadata(page.requestID))
        }
        if committed.duplicates > 0 {
            logger.debug(
                "\(committed.duplicates, "event of a page was", "events of a page were") known and dropped",
                metadata: metadata(page.requestID))
        }
        if checkpoint.unproven > 0 {
            logger.announce(
                .eventsUnproven,
                """
                Okta returned too few of the events that Tributary remembers: \(checkpoint.unproven, "event of this page is", "events of this page are") \
                collected, and may have been collected before. Drop duplicates by metadata.uid
                """, metadata: metadata(page.requestID))
        }
        if let gap = page.gap {
            logger.announce(
                .eventsMissing,
                """
                Okta keeps events for 90 days: the events that it stored between \(WallClock.text(gap.from.milliseconds)) and \
                \(WallClock.text(gap.to.milliseconds)) are no longer available, except those that were collected
                """, metadata: metadata(page.requestID))
        }
        note(checkpoint.change, checkpoint.place)
        announce(transition, requestID: page.requestID)
    }

    private func note(_ change: PageCheckpoint.Change, _ place: LogPlace) {
        switch change {
        case .none: break
        case .tailBegan:
            guard let backfill = place.backfill else { break }
            logger.notice(
                """
                backfill started: collection has reached \(WallClock.text(backfill.from.milliseconds)); from now on, the newest \
                events are collected along with the older ones
                """)
        case .historyEnded, .tailDropped: logger.notice("backfill complete")
        }
    }

    /// Logs a page that a way skips while it searches for events that it has already passed.
    func note(_ search: LogSearch, _ count: Int, _ page: LogPage) {
        let transition = board.update(entry) { health in
            health.committed(
                IntegrationHealth.Commit(
                    // The first pass of a search does not count its events as duplicates, because the second pass reads them again.
                    way: page.way, events: 0, duplicates: page.search?.isCounting == false ? count : 0,
                    isCaughtUp: false,
                    backfill: BackfillProgress(page.place), requestID: page.requestID),
                at: time.wall)
        }
        announce(transition, requestID: page.requestID)
        if search.hasFailed {
            logger.notice(
                """
                Okta returned too few of the events that Tributary remembers, because few of them match a new filter, or because Okta has deleted \
                them: now all events since \(WallClock.text(page.since.milliseconds)) that Tributary does not recognize are collected
                """,
                metadata: metadata(page.requestID))
        } else {
            logger.debug(
                """
                \(count, "event of a page was", "events of a page were") skipped, because the search for remembered events goes on\
                \(search.isCounting ? "; it has found \(search.count)" : ", in its second pass")
                """, metadata: metadata(page.requestID))
        }
    }

    func noteMovedStart(_ start: StoredTime, _ ahead: Duration) {
        logger.announce(
            .clockWrong,
            """
            \(StatusReport.clockWords(Int(ahead.components.seconds))): the start is now computed with Okta's clock, and collection starts at \
            \(WallClock.text(start.milliseconds)). Set this host's clock: timedatectl
            """)
    }

    /// Compares this host's clock with the `Date` of an answer that has just arrived.
    func noteClock(_ page: LogPage) {
        guard let date = page.date?.milliseconds else { return }
        guard let ahead = board.update(entry, { $0.answered(date, at: time.wall) }) else { return }
        logger.announce(
            .clockWrong,
            """
            \(StatusReport.clockWords(ahead)). Collection uses Okta's clock and loses nothing, but the times of log messages and in \
            the status are wrong. Set this host's clock: timedatectl
            """)
    }

    func note(_ trouble: PagerTrouble, _ pager: LogPager) {
        guard let known = IntegrationHealth.Trouble(trouble) else { return }
        note(known, requestID: trouble.requestID, delay: delay(pager))
        guard let requery = trouble.requery else { return }
        board.update(entry) { $0.requeried() }
        logger.announce(
            .logRequeried,
            """
            \(trouble.what): the log is queried again from \(WallClock.text(requery.since.milliseconds)), with \(requery.limit) events \
            per page, and duplicates are dropped
            """, metadata: metadata(trouble.requestID))
    }

    func note(_ trouble: IntegrationHealth.Trouble, requestID: String?, delay: Duration) {
        let now = time.wall
        let transition = board.update(entry) { health in
            health.troubled(
                trouble, requestID: requestID, nextAttempt: now + Int64(delay / .milliseconds(1)), at: now)
        }
        announce(transition, requestID: requestID)
    }

    private func announce(_ transition: IntegrationHealth.Transition?, requestID: String?) {
        switch transition {
        case nil: break
        case .becameLive:
            logger.info("events arrive from \(settings.query.org.origin)", metadata: metadata(requestID))
        case .entered(let trouble):
            logger.announce(
                trouble.kind.messageID, "\(trouble.message). \(trouble.remedy).", metadata: metadata(requestID))
        case .stillIn(let trouble, let seconds):
            logger.announce(
                trouble.kind.messageID, "for \(StatusReport.duration(seconds)): \(trouble.message). \(trouble.remedy).",
                metadata: metadata(requestID))
        case .recovered(let trouble, let seconds):
            logger.announce(
                .integrationRecovered,
                "collection works again, after a problem that lasted \(StatusReport.duration(seconds)): \(trouble.message)",
                metadata: metadata(requestID))
        }
    }

    /// Logs the effect of a changed configuration on the stored place.
    func report(_ opened: OpenedPlace) {
        guard !opened.changes.isEmpty else { return }
        let what =
            opened.changes == [.filter] ? "the filter has changed" : "the page size or the org's address has changed"
        let since = opened.place[.tail]?.restart ?? opened.place[.main]?.restart
        logger.announce(
            .logRequeried,
            """
            \(what): the log is queried again from \(since.map { WallClock.text($0.milliseconds) } ?? "its start"), and \
            duplicates are dropped
            """)
    }

    /// Logs where this host of a fleet continues.
    func report(_ opening: SharedOpening) {
        board.updateFleet { $0?.opened(settings.name, opening) }
        let from =
            opening.sealedBy.map {
                "it continues after the newest seal, made by \($0), with generation \(opening.generation)"
            }
            ?? "no host has sealed records of the integration yet"
        let dropped =
            opening.dropped > 0
            ? "; \(opening.dropped) unsealed records of this host were dropped, because another host has collected them"
            : ""
        logger.announce(.integrationTaken, "this host of the fleet now collects the integration; \(from)\(dropped)")
    }

    private func metadata(_ requestID: String?) -> Logger.Metadata {
        requestID.map { [LogKey.requestID: "\($0)"] } ?? [:]
    }
}

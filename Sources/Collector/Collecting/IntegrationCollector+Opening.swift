import CurlHTTPClient
import Logging
import OCSF
import OktaAPI
import Spool
import Systemd

// Opens the spool and the place in the log, and identifies the organization.
extension IntegrationCollector {
    /// Opens the spool and the pager. If that fails, waits and tries again. Returns nil if the task is cancelled.
    func open() async -> Reading? {
        var bucketFailures = 0
        var busy = 0
        // Kept, so that an org that has answered is not probed again with each attempt.
        var known: OrgProbe?
        while !Task.isCancelled {
            let trouble: IntegrationHealth.Trouble
            let delay: Duration
            do throws(IngestWorker.OpeningFailure) {
                return try await reading(from: try await keptPlace(), &known)
            } catch {
                switch error {
                case .cursor(let error):
                    known = nil
                    (trouble, delay) = (IntegrationHealth.Trouble(cursor: error), Self.addressRetry)
                case .spool(.writerInUse), .spool(.sealUndecided):
                    // An earlier collector's records of this integration are still being sealed. In a fleet, this may take as long as the bucket fails.
                    busy += 1
                    delay = min(Self.writerRetry * busy, .seconds(2))
                    guard lease != nil, busy >= Self.busyAttempts else {
                        await sleep(for: delay)
                        continue
                    }
                    trouble = IntegrationHealth.Trouble(spool: .sealUndecided(integration: settings.name))
                case .spool(let error):
                    trouble = IntegrationHealth.Trouble(spool: error)
                    if case .bucket = error {
                        bucketFailures += 1
                        delay = BucketRetry.wait(after: bucketFailures, error, of: settings.name)
                    } else {
                        delay = Self.spoolRetry
                    }
                }
            }
            guard !Task.isCancelled else { break }
            note(trouble, requestID: nil, delay: delay)
            await sleep(for: delay)
        }
        return nil
    }

    /// The stored place. Before its first request, the first run stores the place at which it starts. So a later run does not start at another place.
    private func keptPlace() async throws(IngestWorker.OpeningFailure) -> String {
        var unsealed = IngestWorker.Unsealed()
        defer { board.update(entry) { [unsealed] in $0.opened(unsealed) } }
        let org = settings.query.org
        let source = EventSource(orgHost: org.host, logURL: org.origin + "/api/v1/logs")
        do throws(SpoolError) {
            let opened = try await worker.open(
                settings.name, source: source, hasResponseActions: settings.hasResponseActions,
                token: lease?.holding.token ?? 0)
            unsealed = opened.unsealed
            if let shared = opened.shared { report(shared) }
            opened.recovery?.announce(to: logger)
            if let kept = opened.cursor { return kept }
            let first = LogPlace(
                start: settings.start, query: settings.query, countedFrom: settings.startCountedFrom
            ).text
            try await worker.keep(first, integration: settings.name)
            return first
        } catch {
            throw .spool(error)
        }
    }

    /// - Parameter known: the org's answer to an earlier probe; set if this method probes the org.
    private func reading(
        from kept: String, _ known: inout OrgProbe?
    ) async throws(IngestWorker.OpeningFailure) -> Reading {
        var query = settings.query
        // The address must still lead to the organization whose events were collected before. If the address has not changed and the probe gets no
        // answer, collection begins anyway, and the probe is repeated later. If the address is new, so that a stored link leads to the old one,
        // nothing is collected until a probe has identified the organization.
        var failure: String?
        if Self.needsProbe(kept, query) {
            if known == nil { known = await probe(&failure) }
            if let known { query.learn(known) }
        }
        let place: OpenedPlace?
        do throws(IngestWorker.OpeningFailure) {
            place = try await worker.place(of: settings.name, for: query)
        } catch .cursor(.foreign(let reason)) {
            throw .cursor(.foreign([reason, failure].compactMap(\.self).joined(separator: "; ")))
        }
        guard let opened = place else {
            throw .cursor(.unreadable)
        }
        var pager = LogPager(
            query, place: opened.place, pollInterval: settings.pollInterval, budgetShare: settings.budgetShare,
            seed: settings.seed ?? .random(in: .min ... .max), now: time.now, host: HostTime(time.wall),
            remembered: worker.limits.window)
        pager.poll(by: settings.pollGrid)
        report(opened)
        return Reading(
            pager: pager, kept: opened.place.text, probeDue: query.organization == nil ? time.now : nil)
    }

    /// Whether the org must be probed before it is queried: true if the stored place names an organization, or contains a link to an address other
    /// than the org's. An unreadable place needs no probe.
    private static func needsProbe(_ kept: String, _ query: LogQuery) -> Bool {
        let earlier = (try? EarlierLogPlace(parsing: kept))??.upgraded(for: query)
        guard let place = earlier ?? (try? LogPlace(parsing: kept)) else { return false }
        return place.organization != nil || place.isElsewhere(than: query)
    }

    /// Probes the org. If the address does not answer as an Okta org, returns nil and sets `failure` to the reason.
    private func probe(_ failure: inout String?) async -> OrgProbe? {
        do throws(TransportError) {
            if let probe = OrgProbe(try await transport.send(OrgProbe.request(settings.query.org))) { return probe }
            failure = "\(settings.query.org.host) does not answer as an Okta org"
        } catch {
            failure = error.summary
        }
        return nil
    }

    /// Asks the org for its id and its other host names during collection. Collection needs the answer only if Okta's links contain one of those
    /// names.
    func probeIfDue(_ reading: inout Reading) async {
        guard let due = reading.probeDue, due <= time.now else { return }
        var failure: String?
        guard let probe = await probe(&failure) else {
            reading.probeDue = time.now + Self.probeRetry
            return
        }
        reading.probeDue = nil
        do throws(CursorError) {
            try reading.pager.learn(probe)
        } catch {
            note(IntegrationHealth.Trouble(cursor: error), requestID: nil, delay: Self.addressRetry)
            await sleep(for: Self.addressRetry)
            if let reopened = await open() { reading = reopened }
        }
    }
}

import Delivery
import Fleet
import Spool

/// In a fleet: the state of an open integration's seals in the bucket. A seal has several steps (`SpoolWriter+Shared`, `SealLog`).
struct SharedSealing {
    /// The next step of the current seal. Each step is retried until it succeeds.
    enum Step {
        case idle
        /// The seal is staged on this host. Whether the bucket has this decision is not known yet.
        case staged(StagedSeal, SealDecision)
        /// The seal is decided and adopted, and must be published.
        case decided(StagedSeal, SealDecision)
    }

    var step = Step.idle
    /// Whether a task is opening the integration or carrying out a step.
    var isBusy = true
    /// The key of the object in the bucket that stores the windows of the newest decision. The object is deleted after the next decision.
    var windows: String?
    /// The token under which this host holds the integration.
    var token: Int64
    /// The result of opening the integration.
    var opening: SharedOpening?
}

/// The result of opening an integration in a fleet.
struct SharedOpening: Sendable, Equatable {
    /// The generation that is collected now.
    var generation: UInt64
    /// The host that decided the previous seal; nil if there was none.
    var sealedBy: String?
    /// The number of this host's unsealed records that were dropped because another host had sealed the generation. That host has collected their
    /// events, too.
    var dropped = 0
}

/// Another host has sealed the generation before this host could.
struct Fenced: Sendable, Equatable {
    var by: String
    var generation: UInt64
    /// The number of unsealed records that this host drops. The other host has collected their events, or will collect them.
    var dropped: Int
}

// Opening and sealing in a fleet. While the worker waits for the bucket, its thread serves other integrations.
extension IngestWorker {
    /// Begins this host's journal at the newest decision in the bucket, and returns that decision. Returns nil outside a fleet, and if nothing was
    /// decided yet.
    func openShared(_ integration: String, token: Int64) async throws(SpoolError) -> SealDecision? {
        guard let seals else { return nil }
        while true {
            let newest = try await inBucket { () throws(S3Problem) in try await seals.newest(integration) }
            if try await begin(integration, at: newest, token, in: seals) { return newest }
        }
    }

    /// Begins the generation of the newest decision, unless this host has already begun it. Returns false if there is a newer decision by now.
    private func begin(
        _ integration: String, at newest: SealDecision?, _ token: Int64, in seals: SealLog
    ) async throws(SpoolError) -> Bool {
        let own = try spool.generation(of: integration)
        var sealing = SharedSealing(token: token)
        sealing.windows = newest?.windows.key
        sealing.opening = SharedOpening(generation: newest?.generation ?? 1, sealedBy: newest?.host)
        if let own, own > newest?.generation ?? 1 {
            throw .refused(
                "integration \(integration): this host has generation \(own), but the newest seal in the fleet's bucket "
                    + "\(newest.map { "begins generation \($0.generation)" } ?? "is missing"): restore \(FleetKey.seals(integration)) "
                    + "from a copy of the bucket")
        }
        if let newest, own != newest.generation {
            let windows: [UInt8]
            do throws(S3Problem) {
                windows = try await seals.windows(of: newest)
            } catch {
                // The windows of a decision are deleted after the next decision. So they may be missing because `newest` is no longer the newest
                // decision.
                let isOld = try await inBucket { () throws(S3Problem) in
                    try await seals.decision(integration, newest.generation + 1) != nil
                }
                guard !isOld else { return false }
                throw SpoolError(error)
            }
            let dropped = try spool.begin(
                integration,
                at: SharedBeginning(generation: newest.generation, cursor: newest.cursor, windows: windows),
                scratch: scratch, now: time.spool)
            // This host may have sealed this journal itself, and that seal may be the newest decision. Then the seal contains the records, so none
            // are lost.
            let isOwn = newest.host == seals.host && own.map { $0 + 1 } == newest.generation
            sealing.opening?.dropped = isOwn ? 0 : dropped
        }
        shared[integration] = sealing
        return true
    }

    private func inBucket<Value: Sendable>(
        _ body: () async throws(S3Problem) -> Value
    ) async throws(SpoolError) -> Value {
        do throws(S3Problem) {
            return try await body()
        } catch {
            throw SpoolError(error)
        }
    }

    /// Finishes the publication of the newest decision. Nothing may be collected or sealed before the publication is complete. If a second decision
    /// were made before that, the next host to open the integration would delete the first decision's bundle. Segments that are only in this bundle
    /// would be lost. If the publication fails, the integration is closed.
    func finishOpening(
        _ integration: String, _ writer: SpoolWriter, _ newest: SealDecision?
    ) async throws(SpoolError) {
        guard let seals else { return }
        do throws(SpoolError) {
            try await inBucket { () throws(S3Problem) in
                guard let newest else { return }
                try await seals.finish(newest, in: "\(spool.settings.directory)/_staging/\(integration)")
            }
        } catch {
            // If the integration was closed and opened again in the meantime, only the earlier opening has failed, and the integration stays open.
            if writers[integration] === writer { close(integration) }
            throw error
        }
        if writers[integration] === writer { shared[integration]?.isBusy = false }
    }

    /// Seals what is due; before a hand-over, seals everything. The seal is stored in the fleet's bucket. Returns nil if the integration is not open,
    /// or if the task is cancelled and the seal fails. A seal that is due also returns nil if another task is already sealing the integration, or if
    /// the next attempt is not due yet. A hand-over waits for the other task.
    func sealShared(_ integration: String, _ occasion: SealOccasion, in seals: SealLog) async -> Sealing? {
        while writers[integration] != nil, shared[integration]?.isBusy == true {
            guard case .handOver = occasion else { return nil }
            await time.sleep(until: time.now + .milliseconds(50))
        }
        guard let writer = writers[integration], shared[integration] != nil else { return nil }
        if case .due = occasion, let failed = failing[integration], failed.retryAt > time.now { return nil }
        shared[integration]?.isBusy = true
        defer { if writers[integration] === writer { shared[integration]?.isBusy = false } }
        var outcome = Sealing(integration: integration, sealed: [])
        let failed = failing.removeValue(forKey: integration)
        outcome.isNews = failed != nil
        do throws(SpoolError) {
            try await publish(integration, writer, &outcome, in: seals)
            if let fenced = try await seal(integration, writer, occasion, in: seals) {
                outcome.fenced = fenced
                close(integration)
                noteRepair(integration)
            } else {
                try await publish(integration, writer, &outcome, in: seals)
            }
        } catch {
            // If this task was cancelled, the code that cancelled it seals or closes the integration.
            if Task.isCancelled {
                if writers[integration] === writer { failing[integration] = failed }
                return nil
            }
            outcome.failure = error
            if writers[integration] === writer { noteFailure(integration, error, after: failed) }
            if case .damaged = error { recover(integration, writer, &outcome) }
        }
        if writers[integration] === writer { outcome.unsealed = unsealed(writer) }
        if outcome.failure != nil || outcome.fenced != nil || !outcome.sealed.isEmpty { outcome.isNews = true }
        return outcome
    }

    /// The integrations of this worker for which a seal is due, is unfinished, or failed last time. Integrations that a task is busy with, and those
    /// that still wait after a failure, are left out.
    func sharedThatAreDue() -> [String] {
        let now = time.spool
        return writers.filter { name, writer in
            guard let sealing = shared[name], !sealing.isBusy else { return false }
            if let failed = failing[name] { return failed.retryAt <= time.now }
            if case .idle = sealing.step { return writer.isSharedSealDue(at: now) }
            return true
        }.keys.sorted()
    }

    /// Carries out steps 1 to 3 of a fleet's seal: stage, decide, adopt. Does nothing if there is nothing to seal.
    private func seal(
        _ integration: String, _ writer: SpoolWriter, _ occasion: SealOccasion, in seals: SealLog
    ) async throws(SpoolError) -> Fenced? {
        // The integration may have been closed while `publish` waited for the bucket.
        guard writers[integration] === writer else { return nil }
        if case .idle = shared[integration]?.step {
            guard let staged = try writer.stage(occasion, at: time.spool) else { return nil }
            let decision = SealDecision(staged, host: seals.host, token: shared[integration]?.token ?? 0)
            shared[integration]?.step = .staged(staged, decision)
        }
        guard case .staged(let staged, let decision) = shared[integration]?.step else { return nil }
        let result = try await inBucket { () throws(S3Problem) in
            try await seals.store(decision, staged)
            return try await seals.decide(decision)
        }
        // If the integration was closed in the meantime, its next opening reads the decision.
        guard writers[integration] === writer else { return nil }
        switch result {
        case .decided:
            try writer.adopt(staged, at: time.spool)
            shared[integration]?.step = .decided(staged, decision)
            return nil
        case .fenced(let other):
            let dropped = writer.unsealed.records
            writer.forget(staged)
            return Fenced(by: other.host, generation: other.generation, dropped: dropped)
        }
    }

    /// Carries out steps 4 and 5 of a fleet's seal: publish, forget. Does nothing if there is no decided seal.
    private func publish(
        _ integration: String, _ writer: SpoolWriter, _ outcome: inout Sealing, in seals: SealLog
    ) async throws(SpoolError) {
        guard writers[integration] === writer, case .decided(let staged, let decision) = shared[integration]?.step
        else { return }
        let earlier = shared[integration]?.windows
        try await inBucket { () throws(S3Problem) in
            try await seals.publish(decision, staged)
            try await seals.forget(decision, earlierWindows: earlier)
        }
        outcome.sealed += decision.segments
        outcome.generation = decision.generation
        guard writers[integration] === writer else { return }
        writer.forget(staged)
        shared[integration]?.windows = decision.windows.key
        shared[integration]?.step = .idle
    }
}

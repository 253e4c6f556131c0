import Configuration
import CurlHTTPClient
import Logging
import OktaAPI
import ResponseLog
import Systemd
import Time

/// Carries out responders' requests within the guard rails, and records each action before and after the action is tried.
///
/// Invariants:
/// - A call that changes something is sent only after its entry in the response log is durable.
/// - Each entry without a result is followed by one with the result: after the call, or at the next start.
/// - Only one request at a time acts on a user.
package actor ResponseEngine: Responding {
    /// Why the engine can't be started.
    package struct StartError: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// The longest wait for the rate limit. It applies once to all queries before the first step together, and separately to each step.
    static let patience = Duration.seconds(120)

    let orgs: [String: ResponseOrg]
    let rails: GuardRails
    let clock: ResponseClock
    let writer: ResponseLogWriter
    nonisolated let log: ResponseHistory
    private let logger: Logger
    /// Names of all integrations, for messages.
    private let integrations: [String]

    var hour: HourlyUsers
    private var refusals = HourlyRefusals()
    var keys: KeyIndex
    /// For each integration, the owner of its API token.
    var owners: [String: GuardRails.Owner] = [:]
    private var turns = Turnstile()
    /// Entries without a result. They belong to actions during which the helper stopped.
    private var open: [ResponseEntry]
    private var recovery: Task<Void, Never>?

    /// Opens and reads the response log in `response.log_directory`. The directory must exist. Nothing is sent to Okta yet.
    ///
    /// - Parameters:
    ///   - credentialsDirectory: the directory that contains a secret file for each credential without `secret_file`; if nil, the configuration
    ///     determines the paths of these files.
    ///   - userAgent: the client's name that Okta sees.
    ///   - environment: the process's environment, which may name a proxy.
    ///   - logger: logs each action once it is recorded.
    ///   - transport: nil for libcurl with the settings of the configuration's `network` section.
    /// - Throws: ``StartError``.
    package init(
        configuration: Configuration, credentialsDirectory: String? = nil, userAgent: String,
        environment: [String: String] = [:], logger: Logger = Logger(label: "tributary-respond"),
        clock: ResponseClock = .system,
        transport: (any HTTPTransport)? = nil
    ) throws(StartError) {
        let directory = configuration.response.logDirectory
        var scan = LogScan(limit: configuration.response.usersPerHour)
        do {
            writer = try ResponseLogWriter(directory: directory, now: clock.wall())
            log = ResponseHistory(directory: directory)
            try log.read { entry, start, end in
                scan.take(entry, from: start, to: end)
                return true
            }
        } catch {
            throw StartError(description: "the response log can't be opened: \(error)")
        }
        do {
            let carrier =
                try transport
                ?? ResponseOrg.transport(configuration.network, userAgent: userAgent, environment: environment)
            orgs = ResponseOrg.all(
                configuration, credentialsDirectory: credentialsDirectory, transport: carrier, clock: clock)
        } catch {
            throw StartError(description: "\(error)")
        }
        rails = GuardRails(protected: configuration.response.protectedUsers)
        integrations = configuration.integrations.map(\.name.text)
        self.logger = logger
        self.clock = clock
        hour = scan.hour
        keys = scan.keys
        open = scan.open.values.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
    }

    // MARK: Requests

    package func act(
        _ request: ResponseRequest, for actor: ResponseActor, onStep: @escaping @Sendable (ResponseEntry) -> Void
    ) async -> ResponseReport {
        // The request runs in a separate task, so it is completed even if the caller disconnects.
        await Task { await self.perform(request, for: actor, onStep) }.value
    }

    private func perform(
        _ request: ResponseRequest, for actor: ResponseActor, _ onStep: @escaping @Sendable (ResponseEntry) -> Void
    ) async -> ResponseReport {
        let steps = ResponseStep.steps(of: request)
        guard let org = orgs[request.integration] else {
            return unrecorded(request, actor, steps, refused(.unknownIntegration, unknownIntegration(request)))
        }
        if let problem = RequestCheck.problem(of: request) {
            return unrecorded(request, actor, steps, refused(.invalidRequest, problem))
        }
        await recover()
        var job = ResponseJob(request: request, actor: actor, org: org, steps: steps, onStep: onStep)
        guard let key = request.key else { return await carryOut(job) }
        let turn = "key \(key)"
        guard await enter(turn) else { return unrecorded(request, actor, steps, busy(request)) }
        defer { turns.leave(turn) }
        guard let record = keys.record(key, now: clock.wall()) else { return await carryOut(job) }
        guard record.fingerprint == KeyIndex.fingerprint(request) else {
            return unrecorded(
                request, actor, steps,
                refused(
                    .keyReused,
                    "The key was used for another user, action, option or case. Tributary did nothing; use another key")
            )
        }
        guard let earlier = try? log.actions(ofRequest: record.request, from: record.start, to: record.end) else {
            return unrecorded(request, actor, steps, unreadableLog())
        }
        job.resume(record.request, earlier)
        await checkEarlierSteps(&job)
        if job.steps.isEmpty { return ResponseReport(entries: job.entries, isRepeat: true) }
        return await carryOut(job)
    }

    private func carryOut(_ job: ResponseJob) async -> ResponseReport {
        var job = job
        let deadline = clock.instant() + Self.patience
        switch await find(job.request, job.org, before: deadline) {
        case .stopped(let result, let user, _):
            job.user = user
            for step in job.steps { settle(&job, step, result) }
        case .user(let user):
            job.user = user.responseUser(asked: job.request.user)
            let turn = "user \(job.org.host) \(user.id)"
            guard await enter(turn) else {
                for step in job.steps { settle(&job, step, busy(job.request)) }
                break
            }
            defer { turns.leave(turn) }
            await act(on: user, &job, before: deadline)
        }
        return ResponseReport(entries: job.entries, secret: job.secret)
    }

    /// Acts on the user. Called when no other request acts on this user.
    private func act(
        on found: OktaUser, _ job: inout ResponseJob, before deadline: ContinuousClock.Instant
    ) async {
        // Another request may have changed the user while this one waited, so the user is read again.
        var user: OktaUser
        switch await reread(found, job.org, before: deadline) {
        case .success(let again): user = again
        case .failure(let stopped):
            for step in job.steps { settle(&job, step, stopped.result) }
            return
        }
        if let objection = await objection(to: user, job.request, job.org, before: deadline) {
            for step in job.steps { settle(&job, step, objection) }
            return
        }
        for step in job.steps {
            switch await resolved(step, job.org, before: deadline) {
            case .success(let step): user = await run(step, on: user, &job)
            case .failure(let refusal): settle(&job, step, refusal.result)
            }
        }
    }

    /// Checks the steps that an earlier request with the same key has done. If the user's state shows that a step was undone later, the step is
    /// refused: it is neither repeated nor reported as done. If the user's state can't be read, all these steps get the error as their result.
    private func checkEarlierSteps(_ job: inout ResponseJob) async {
        let kept = job.entries
        guard let id = kept.compactMap(\.user.id).first else { return }
        let deadline = clock.instant() + Self.patience
        let user: OktaUser?
        do throws(OktaCallError) {
            user = try await job.org.users.user(id, before: deadline)
        } catch {
            job.entries = []
            for entry in kept { settle(&job, ResponseStep(entry), lookupFailure(error)) }
            return
        }
        guard let user else { return }
        job.user = user.responseUser(asked: job.request.user)
        job.entries = []
        for entry in kept {
            let step = ResponseStep(entry)
            let isDone = entry.result.map { $0.outcome == .done || $0.outcome == .alreadyDone } ?? false
            if isDone, step.isUndone(user, await facts(step, user, job.org, before: deadline)) {
                let time = UTCTime(milliseconds: entry.time).rfc3339
                let now = step.isDone(for: user) == nil ? "" : ": the status is \(user.status)"
                settle(
                    &job, step,
                    refused(
                        .undoneSince,
                        "An earlier request with the same key did this at \(time): \(step.doneWords(for: user.shown)). The action was undone "
                            + "later\(now). Tributary did nothing; to repeat the action, use another key or another case",
                        user))
            } else {
                job.entries.append(entry)
            }
        }
    }

    // MARK: Steps

    /// Carries out a step, unless it is unnecessary or not allowed. Returns the user's last known state.
    private func run(_ step: ResponseStep, on user: OktaUser, _ job: inout ResponseJob) async -> OktaUser {
        let deadline = clock.instant() + Self.patience
        let facts = await facts(step, user, job.org, before: deadline)
        var result = decision(step, user, facts, job.request, job.org)
        result.riskLevelBefore = step.action == .setRisk ? facts.riskLevel : nil
        guard result.outcome == .wouldDo, !job.request.isDryRun else {
            settle(&job, step, result)
            return user
        }
        if job.request.isForced {
            hour.note(user.id, org: job.org.host, at: clock.wall())
        } else if let wait = hour.admit(user.id, org: job.org.host, at: clock.wall()) {
            // Another request has used up the hourly limit since the first check.
            settle(&job, step, hourlyLimit(wait, user))
            return user
        }
        let id = ResponseJob.newID()
        if let trouble = append(job.entry(step, id: id, result: nil, at: clock.wall())) {
            let words =
                "The response log can't be written (\(trouble)), so Tributary did not ask Okta to \(step.words(for: user.shown)). "
            var entry = job.entry(
                step, id: id, result: refused(.logUnavailable, words + "Check that the disk has room and is writable"),
                at: clock.wall())
            entry.result?.statusBefore = user.status
            job.entries.append(entry)
            return user
        }
        let runner = StepRunner(
            users: job.org.users, clock: clock, step: step, reason: job.reasonForOkta, deadline: deadline,
            before: user, facts: facts)
        var outcome = await runner.run()
        outcome.result.riskLevelBefore = result.riskLevelBefore
        settle(&job, step, outcome.result, id: id)
        if let secret = outcome.secret { job.secret = secret }
        return outcome.user
    }

    /// Records a result, and reports it once it is durable.
    private func settle(
        _ job: inout ResponseJob, _ step: ResponseStep, _ result: ResponseResult,
        id sent: String? = nil
    ) {
        var entry = job.entry(step, id: sent ?? ResponseJob.newID(), result: result, at: clock.wall())
        let isUnsent = sent == nil
        if isUnsent, job.request.isDryRun || result.outcome != .alreadyDone,
            !refusals.admit(job.actor.uid, at: clock.wall())
        {
            entry.result = refused(
                .busy,
                "\(HourlyRefusals.limit) refused actions and dry runs by \(job.actor.user) were recorded within an hour, which is the limit. "
                    + "Tributary did nothing, and this request is not recorded; try again later")
            job.entries.append(entry)
            return
        }
        if let trouble = append(entry, isUnsent: isUnsent) {
            entry.result?.message += " The result is not recorded: the response log can't be written (\(trouble))."
        } else {
            job.onStep(entry)
        }
        job.entries.append(entry)
    }

    /// Appends an entry to the log. Returns why it is not durable; nil on success.
    ///
    /// - Parameter isUnsent: true if nothing was or will be sent to Okta for this entry.
    private func append(_ entry: ResponseEntry, isUnsent: Bool = false) -> String? {
        let start = writer.end
        do {
            try writer.append(entry, isUnsent: isUnsent)
        } catch {
            return error.description
        }
        keys.note(entry, from: start, to: writer.end)
        if let result = entry.result { announce(entry, result) }
        return nil
    }

    private func announce(_ entry: ResponseEntry, _ result: ResponseResult) {
        var metadata: Logger.Metadata = [LogKey.integration: "\(entry.integration)"]
        if let id = result.oktaRequestID { metadata[LogKey.requestID] = "\(id)" }
        let who = entry.actor.person
        let dry = entry.isDryRun ? ", a dry run" : ""
        logger.announce(
            .responseAction,
            "\(entry.action.rawValue) \(entry.user.login ?? entry.user.asked), requested by \(who) for case \(entry.caseID)\(dry): \(result.outcome.rawValue). \(result.message)",
            metadata: metadata)
    }

    private func unrecorded(
        _ request: ResponseRequest, _ actor: ResponseActor, _ steps: [ResponseStep], _ result: ResponseResult
    ) -> ResponseReport {
        let id = ResponseJob.newID()
        let time = clock.wall()
        return ResponseReport(
            entries: steps.map { step in
                ResponseEntry(
                    step, of: request, by: actor, at: orgs[request.integration], request: id, time: time, result)
            })
    }

    func unknownIntegration(_ request: ResponseRequest) -> String {
        let asked = request.integration.oneLine(limit: 100)
        if integrations.contains(asked) {
            return "The integration \(asked) has no response_action: add one whose credential has write permission"
        }
        let known = orgs.keys.sorted().prefix(20).joined(separator: ", ")
        return
            "There is no integration “\(asked)” with a response_action\(known.isEmpty ? "" : "; the integrations with one are: \(known)")"
    }

    // MARK: Turns

    /// Waits for this request's turn; returns false if too many are waiting.
    private func enter(_ name: String) async -> Bool {
        if turns.enterAtOnce(name) { return true }
        guard !turns.isCrowded(name) else { return false }
        await withCheckedContinuation { turns.wait(name, $0) }
        return true
    }

    // MARK: Recovery

    /// Finds out and records the result of each action that has none because the helper stopped. Requests wait until this is done.
    package func recover() async {
        let task = recovery ?? Task { await self.settleOpen() }
        recovery = task
        await task.value
    }

    private func settleOpen() async {
        var unreachable: Set<String> = []
        for var entry in open {
            let org = unreachable.contains(entry.integration) ? nil : orgs[entry.integration]
            let observed = await observation(of: entry, org)
            if observed.isUnreachable { unreachable.insert(entry.integration) }
            entry.result = RecoveredResult.result(of: entry, observed)
            entry.time = clock.wall()
            _ = append(entry)
        }
        open = []
    }

    // MARK: The log

    /// Actions of the log, newest first. An action without a result is in progress, or the helper stopped during it.
    ///
    /// - Throws: if the log can't be read.
    package nonisolated func history(_ filter: ResponseHistory.Filter) throws -> [ResponseEntry] {
        try log.actions(filter)
    }

    /// The request that would undo the action with this id, for the same case; or the reason why the action can't be undone.
    package nonisolated func undo(of id: String) -> ResponseUndo {
        do {
            guard let found = try log.action(id) else {
                return .notFound(reason: "There is no action \(id.oneLine(limit: 64)) in the response log.")
            }
            if let undoneBy = found.undoneBy {
                return .none(reason: "The action was already undone by the action \(undoneBy.id).")
            }
            return ResponseUndo(found.action)
        } catch {
            return .none(reason: "The response log can't be read: \(error)")
        }
    }
}

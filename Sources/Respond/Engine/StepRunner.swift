import CurlHTTPClient
import OktaAPI
import ResponseLog

/// Carries out one step at Okta: sends the call, interprets the answer, and reads the user's state to confirm the result. Retries if that does no
/// harm.
struct StepRunner: Sendable {
    /// The outcome of the step.
    struct Outcome: Sendable {
        var result: ResponseResult
        var secret: OneTimeSecret?
        /// The user's state as last read.
        var user: OktaUser
    }

    /// The largest number of attempts for a call.
    static let attempts = 3
    /// The time after which a failed call is no longer repeated. It does not apply after a 429.
    static let patience = Duration.seconds(30)
    /// The waits between readings of the user's state. The state is read again while it does not match Okta's answer, or while Okta is still changing
    /// it.
    static let readings: [Duration] = [.milliseconds(300), .seconds(1), .seconds(2)]

    /// The wait after a call without an answer, if the user's state does not show that Okta has carried out the call. Afterwards, the state is read
    /// again.
    static let grace = Duration.seconds(3)

    let users: OktaUsers
    let clock: ResponseClock
    let step: ResponseStep
    /// The reason that Okta stores with the user's new risk level. Only the action `set-risk` uses it.
    let reason: String
    /// The time after which the step's call is not sent. Readings of the user's state have time limits of their own.
    let deadline: ContinuousClock.Instant
    /// The user's state before the step.
    let before: OktaUser
    let facts: StepFacts

    private var who: String { before.shown }

    func run() async -> Outcome {
        guard let call = step.call(on: before.id, reason: reason) else {
            return outcome(.failed, .invalidRequest, "Okta's API has no call to \(step.words(for: who))")
        }
        let start = clock.instant()
        var attempt = 1
        /// The last failure of an attempt that Okta may have carried out.
        var doubt: OktaCallError?
        while true {
            do throws(OktaCallError) {
                let response = try await users.send(call, before: deadline)
                return await confirmed(response)
            } catch {
                if error.mayBeDone {
                    if let settled = await settled(after: error) { return settled }
                    doubt = error
                }
                let mayRepeat =
                    error.kind == .notSent || (error.kind == .rateLimited && error.status != nil)
                    || (error.mayBeDone && step.isHarmlessToRepeat)
                let pause = Duration.milliseconds(500 << attempt)
                let isPatient = error.kind == .rateLimited || clock.instant() + pause < start + Self.patience
                guard mayRepeat, isPatient, attempt < Self.attempts else {
                    return await failed(error, doubt: doubt)
                }
                attempt += 1
                // After a 429, `EndpointPace` waits, so no wait is needed here.
                if error.kind != .rateLimited { await clock.wait(clock.instant() + pause) }
            }
        }
    }

    // MARK: After success

    private func confirmed(_ response: HTTPResponse) async -> Outcome {
        var outcome = outcome(.done, nil, sentence(step.doneWords(for: who)))
        outcome.result.httpStatus = response.status
        outcome.result.oktaRequestID = response.oktaRequestID
        outcome.secret = OktaUsers.secret(in: response)
        guard step.isReadBack else { return outcome }
        var observed = await observe(since: before)
        for pause in Self.readings where observed.isDone == false || observed.user?.transitioningToStatus != nil {
            await clock.wait(clock.instant() + pause)
            observed = await observe(since: before)
        }
        if let user = observed.user {
            outcome.user = user
            outcome.result.statusAfter = user.status
        }
        switch observed.isDone {
        case true?:
            if let next = observed.user?.transitioningToStatus {
                outcome.result.message += " Okta is still changing the status, which will become \(next)."
            }
        case nil:
            if let trouble = observed.trouble {
                outcome.result.message += " The user's new state could not be read: \(trouble)."
            }
        case false?:
            outcome.result.outcome = .unknown
            outcome.result.code = ResponseCode.notConfirmed.text
            outcome.result.message =
                "Okta accepted the request to \(step.words(for: who)), but the user's state does not show the result: \(observed.words). Check the user in the Admin Console."
        }
        if facts.isMember == nil, [.addToGroup, .removeFromGroup].contains(step.action), outcome.result.outcome == .done
        {
            outcome.result.code = ResponseCode.membershipNotRead.text
            outcome.result.message +=
                " Tributary could not read whether the user was a member of the group before the action."
        }
        return outcome
    }

    // MARK: Reading back

    /// What the user's state shows about the step.
    struct Observation: Sendable {
        var isDone: Bool?
        var user: OktaUser?
        /// Why the state could not be determined.
        var trouble: String?
        /// Whether the next request to the org would most likely fail, too.
        var isUnreachable = false

        var words: String { user.map { "the status is \($0.status)" } ?? "the state is unchanged" }
    }

    /// - Parameter before: the user before the call; nil if that is not known any more.
    func observe(since before: OktaUser?) async -> Observation {
        let deadline = clock.instant() + .seconds(45)
        do throws(OktaCallError) {
            switch step.action {
            case .addToGroup, .removeFromGroup:
                let isMember = try await users.groups(of: self.before.id, before: deadline)
                    .contains { $0.id == step.options.groupID }
                return Observation(isDone: isMember == (step.action == .addToGroup))
            case .setRisk:
                let level = try await users.risk(of: self.before.id, before: deadline)
                return Observation(isDone: level.map { $0 == step.options.riskLevel })
            default:
                guard let user = try await users.user(self.before.id, before: deadline) else {
                    return Observation(trouble: "the user does not exist in Okta any more")
                }
                return try await observation(of: user, since: before, deadline)
            }
        } catch {
            return Observation(trouble: error.description)
        }
    }

    private func observation(
        of user: OktaUser, since before: OktaUser?, _ deadline: ContinuousClock.Instant
    ) async throws(OktaCallError) -> Observation {
        if step.action == .unlock, user.status == "ACTIVE" {
            return Observation(isDone: !(try await users.isBlocked(user.id, before: deadline)), user: user)
        }
        let isDone = step.isDone(for: user)
        // If the user was already in the expected state before the call, this state proves nothing. That is the case, for example, if a user who has
        // not chosen a password yet gets a second link.
        let wasThere =
            before.map { step.isDone(for: $0) == true }
            ?? (step.action == .resetPassword && step.options.sendEmail == false)
        return Observation(isDone: wasThere && isDone == true ? nil : isDone, user: user)
    }

    /// The outcome after a lost answer, if the state shows that the step is done; otherwise nil.
    private func settled(after error: OktaCallError) async -> Outcome? {
        guard step.isReadBack else { return nil }
        let observed = await observe(since: before)
        guard observed.isDone == true else { return nil }
        var settled = outcome(
            .done, nil,
            sentence(step.doneWords(for: who))
                + " Okta's answer was lost (\(error)), but the user's state shows that the action was done.")
        settled.result.oktaRequestID = error.requestID
        settled.result.httpStatus = error.status
        if let user = observed.user {
            settled.user = user
            settled.result.statusAfter = user.status
        }
        // If Okta does not send the link by e-mail, the link was in the lost answer.
        if step.action == .resetPassword || step.action == .activate, step.options.sendEmail == false {
            settled.result.message += " The link was lost, too."
        }
        return settled
    }

    // MARK: After failure

    private func failed(_ error: OktaCallError, doubt: OktaCallError?) async -> Outcome {
        // If the answer to an earlier attempt was lost, Okta may have carried out that attempt. Only a later refusal that is about the user's state
        // can show whether it did.
        let isStateConflict = error.kind == .refused && Self.isStateConflict(error, step.action)
        if error.mayBeDone || (doubt != nil && !isStateConflict) {
            return await unsettled(doubt ?? error, refusal: doubt != nil && error.kind == .refused ? error : nil)
        }
        var failed = outcome(.failed, .unavailable, "Could not \(step.words(for: who)): \(error). Nothing was changed.")
        failed.result.httpStatus = error.status
        failed.result.oktaErrorCode = error.code
        failed.result.oktaRequestID = error.requestID
        switch error.kind {
        case .credential:
            failed.result.outcome = error.status == nil ? .refused : .refusedByOkta
            failed.result.code = ResponseCode.credential.text
        case .rateLimited: failed.result.code = ResponseCode.rateLimited.text
        case .scope, .refused:
            let observed = isStateConflict ? await observe(since: before) : Observation()
            if let user = observed.user {
                failed.user = user
                failed.result.statusAfter = user.status
            }
            if isStateConflict, observed.isDone == true {
                // The action was already done: by somebody else, or by an earlier attempt whose answer was lost.
                failed.result.outcome = doubt == nil ? .alreadyDone : .done
                failed.result.code = nil
                failed.result.message = sentence(step.doneWords(for: who))
                failed.result.oktaErrorCode = nil
                if let doubt { failed.result.oktaRequestID = doubt.requestID }
            } else {
                let refusal = StepRefusal(
                    error, step, who: who, status: (observed.user ?? before).status, isConflict: isStateConflict,
                    isServiceApp: users.credential.isServiceApp)
                failed.result.outcome = .refusedByOkta
                failed.result.code = refusal.code.text
                failed.result.message = sentence(refusal.message)
            }
        case .notSent, .foreign, .server, .lost, .unreadable: break
        }
        return failed
    }

    /// The outcome if Okta may have carried out the call. Reads the user's state to find out, if the state can show it.
    ///
    /// - Parameter refusal: Okta's refusal of a later attempt; nil if there was none.
    private func unsettled(_ error: OktaCallError, refusal: OktaCallError?) async -> Outcome {
        let words = refusal.map { "\(error), and a later attempt was refused (\($0))" } ?? "\(error)"
        var observed =
            step.isReadBack
            ? await observe(since: before)
            : Observation(trouble: "the user's state does not show whether this was done")
        if observed.isDone == false {
            // Okta may still be carrying out a call whose answer was lost.
            await clock.wait(clock.instant() + Self.grace)
            observed = await observe(since: before)
        }
        var unsettled = outcome(.unknown, .answerLost, "")
        unsettled.result.httpStatus = error.status
        unsettled.result.oktaErrorCode = error.code
        unsettled.result.oktaRequestID = error.requestID
        if let user = observed.user {
            unsettled.user = user
            unsettled.result.statusAfter = user.status
        }
        switch observed.isDone {
        case true?:
            unsettled.result.outcome = .done
            unsettled.result.code = nil
            unsettled.result.oktaErrorCode = nil
            unsettled.result.message =
                sentence(step.doneWords(for: who))
                + " Okta's answer was lost (\(error)), but the user's state shows that the action was done."
        case false?:
            unsettled.result.outcome = .failed
            unsettled.result.message =
                "Could not \(step.words(for: who)): \(words). A few seconds after the call, \(observed.words), so Okta has not carried out the request."
        case nil:
            unsettled.result.message =
                "It is not known whether Okta carried out the request to \(step.words(for: who)): \(words), and \(observed.trouble ?? "the user's state does not show whether this was done"). "
                + (step.isHarmlessToRepeat
                    ? "Repeating the request does no harm."
                    : "Check the user in the Admin Console before you repeat the request.")
        }
        return unsettled
    }

    /// Whether a refusal is about the user's state, by Okta's error codes.
    private static func isStateConflict(_ error: OktaCallError, _ action: ResponseAction) -> Bool {
        switch action {
        case .clearSessions, .addToGroup, .removeFromGroup, .setRisk, .universalLogout: false
        default:
            ["E0000001", "E0000016", "E0000017", "E0000032", "E0000038", "E0000107", "E0000112"].contains(error.code)
        }
    }

    private func outcome(_ outcome: ResponseResult.Outcome, _ code: ResponseCode?, _ message: String) -> Outcome {
        Outcome(
            result: ResponseResult(
                outcome: outcome, code: code?.text, message: message, statusBefore: before.status), user: before)
    }
}

extension ResponseStep {
    /// Whether the user's state can show that the step was done.
    fileprivate var isReadBack: Bool {
        switch action {
        case .clearSessions, .resetFactors, .universalLogout: false
        default: true
        }
    }
}

/// Makes a sentence of a text: adds a full stop, and capitalizes the first letter if the text begins with one of Tributary's own words.
func sentence(_ words: String) -> String {
    // A login at the beginning keeps its case.
    let ours = ["the ", "all ", "would "].contains { words.hasPrefix($0) }
    return (ours ? words.prefix(1).uppercased() + words.dropFirst() : words) + (words.hasSuffix(".") ? "" : ".")
}

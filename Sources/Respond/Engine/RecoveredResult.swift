import ResponseLog

/// The result of an action during which the helper stopped: the log contains the entry from before the call, but no entry with a result.
enum RecoveredResult {
    /// - Parameter observed: what the user's present state shows.
    static func result(of entry: ResponseEntry, _ observed: StepRunner.Observation) -> ResponseResult {
        let step = ResponseStep(action: entry.action, options: entry.options)
        let who = entry.user.login ?? entry.user.id ?? entry.user.asked
        let words = "The helper stopped while it tried to \(step.words(for: who)). "
        var result = ResponseResult(
            outcome: .unknown, code: ResponseCode.helperStopped.text, message: "", statusAfter: observed.user?.status)
        switch observed.isDone {
        case true?:
            result.outcome = .done
            result.message = words + "This was done: \(step.doneWords(for: who))."
        case false?:
            result.outcome = .failed
            result.message = words + "This was not done: \(observed.words)."
        case nil:
            result.message =
                words
                + "It is not known whether this was done: \(observed.trouble ?? "the user's state does not show it"). "
                + (step.isHarmlessToRepeat
                    ? "Repeating the request does no harm."
                    : "Check the user in the Admin Console before you repeat the request.")
        }
        return result
    }
}

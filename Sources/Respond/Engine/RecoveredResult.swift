import ResponseLog

/// What is recorded of an action whose helper was stopped between the entry before the call and the one after it.
enum RecoveredResult {
    /// - Parameter sight: what the user's state shows now.
    static func result(of entry: ResponseEntry, _ sight: StepRunner.Sight) -> ResponseResult {
        let step = ResponseStep(action: entry.action, options: entry.options)
        let who = entry.user.login ?? entry.user.id ?? entry.user.asked
        let words = "The helper stopped while it was about to \(step.words(for: who)). "
        var result = ResponseResult(
            outcome: .unknown, code: ResponseCode.helperStopped.text, message: "", statusAfter: sight.user?.status)
        switch sight.isDone {
        case true?:
            result.outcome = .done
            result.message = words + "It was done: \(step.doneWords(for: who))."
        case false?:
            result.outcome = .failed
            result.message = words + "It was not done: \(sight.words)."
        case nil:
            result.message =
                words + "It is not known whether it was done: \(sight.trouble ?? "the user's state does not tell"). "
                + (step.isHarmlessToRepeat
                    ? "Doing it again does no harm." : "See the user in the Admin Console before you do it again.")
        }
        return result
    }
}

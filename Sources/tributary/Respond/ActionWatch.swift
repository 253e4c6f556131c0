/// While the helper of `respond` acts, tells the person that Okta has not answered yet, and after Ctrl-C, why the command still runs.
final class ActionWatch {
    private static let patience = Duration.seconds(3)

    private let interruption: Interruption
    private let interruptedWords: String
    private let say: (String) -> Void
    private let clock = ContinuousClock()
    private var start = ContinuousClock.now
    private var hasSaidWaiting = false
    private var hasSaidInterrupted = false

    /// - Parameter say: shows a line on standard error.
    init(_ interruption: Interruption, interrupted: String, say: @escaping (String) -> Void = Terminal.complain) {
        self.interruption = interruption
        self.interruptedWords = interrupted
        self.say = say
    }

    /// Notes that an action begins.
    func begin() {
        start = clock.now
        hasSaidWaiting = false
    }

    /// Prints a message if one is due. Called several times a second.
    func look() {
        if !hasSaidWaiting, clock.now - start > Self.patience {
            hasSaidWaiting = true
            say("waiting for Okta …")
        }
        if !hasSaidInterrupted, interruption.isRaised {
            hasSaidInterrupted = true
            say("tributary: \(interruptedWords)")
        }
    }
}

import ResponseLog

extension StatusReport {
    /// What the response actions of an integration came to, as their records were made.
    package struct ResponseActivity: Codable, Sendable, Equatable {
        /// One action. Whom it was on, and for which case, only the responders' history and the records say.
        package struct Action: Codable, Sendable, Equatable {
            package var at: String
            /// `suspend`, …
            package var action: String
            /// A word of `ResponseResult.Outcome`.
            package var outcome: String
            /// Why it was not done, as a word.
            package var code: String?

            package init(at: String, action: String, outcome: String, code: String? = nil) {
                self.at = at
                self.action = action
                self.outcome = outcome
                self.code = code
            }
        }

        /// Of the integration.
        package var name: String
        /// The newest action, dry runs left out; absent when there were only those.
        package var lastAction: Action?
        /// The newest that Okta refused, that failed, or of which is not known whether it was done.
        package var lastFailure: Action?
        /// How many actions came to which outcome since the daemon's start.
        package var outcomes: [String: Int]

        package init(name: String, outcomes: [String: Int] = [:]) {
            self.name = name
            self.outcomes = outcomes
        }
    }
}

extension StatusReport.ResponseActivity {
    mutating func note(_ entry: ResponseEntry) {
        guard let result = entry.result else { return }
        outcomes[result.outcome.rawValue, default: 0] += 1
        guard !entry.isDryRun else { return }
        let action = Action(
            at: WallClock.text(entry.time), action: entry.action.rawValue, outcome: result.outcome.rawValue,
            code: result.code)
        lastAction = action
        switch result.outcome {
        case .failed, .refusedByOkta, .unknown: lastFailure = action
        case .done, .alreadyDone, .wouldDo, .refused: break
        }
    }
}

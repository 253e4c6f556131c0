import ResponseLog

extension StatusReport {
    /// The results of an integration's response actions, counted when their records were made.
    package struct ResponseActivity: Codable, Sendable, Equatable {
        /// One action. It names neither the user nor the case, which are only in the responders' history and in the records.
        package struct Action: Codable, Sendable, Equatable {
            package var at: String
            /// The name of the action, such as `suspend`.
            package var action: String
            /// The result: a value of `ResponseResult.Outcome`.
            package var outcome: String
            /// A code: why the action was not carried out, or a remark about an action that was carried out. Absent if there is neither.
            package var code: String?

            package init(at: String, action: String, outcome: String, code: String? = nil) {
                self.at = at
                self.action = action
                self.outcome = outcome
                self.code = code
            }
        }

        /// The name of the integration.
        package var name: String
        /// The newest action since the daemon's start that was not a dry run; absent if there was none.
        package var lastAction: Action?
        /// The newest action since the daemon's start that Okta refused, that failed, or whose result is unknown. Dry runs do not count. Absent if
        /// there was none.
        package var lastFailure: Action?
        /// The number of actions with each result since the daemon's start.
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

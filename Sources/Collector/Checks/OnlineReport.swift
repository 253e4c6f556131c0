/// The results of `tributary check --online` for one integration, step by step. Each step depends on the earlier ones: after a failed step,
/// the remaining steps are marked as skipped.
package struct OnlineReport: Sendable, Encodable {
    /// The steps, in order.
    package enum StepName: String, Sendable, Encodable, CaseIterable {
        case name
        case connection
        case organization
        case credential
        case permission
        case rateLimit = "rate_limit"
        case clock
        case newestEvent = "newest_event"

        /// The name for people.
        package var words: String { rawValue.replacing("_", with: " ") }
    }

    /// How a step went.
    package enum Outcome: String, Sendable, Encodable {
        case passed
        /// The step did not fail, but a person should look at the result.
        case warned
        case failed
        /// Not tried, because an earlier step failed.
        case skipped
    }

    /// One step.
    package struct Step: Sendable, Encodable {
        package let step: StepName
        package let outcome: Outcome
        /// What was found.
        package let words: String
        /// What to do; absent if nothing needs to be done.
        package let advice: String?
    }

    /// The overall result for an integration. The cases are in ascending order: of several results, the greatest determines the exit code.
    package enum Verdict: String, Sendable, Encodable, Comparable, CaseIterable {
        case good
        /// The org, a proxy or the network does not answer as it should: exit code 69.
        case unreachable
        /// Okta refuses the credential: exit code 77.
        case refused
        /// The configuration or a credential's secret file is wrong: exit code 78.
        case misconfigured

        package static func < (left: Verdict, right: Verdict) -> Bool {
            let all = allCases
            return (all.firstIndex(of: left) ?? 0) < (all.firstIndex(of: right) ?? 0)
        }
    }

    /// The findings, for programs. A finding that is not known is absent.
    package struct Facts: Sendable, Encodable {
        package var addresses: [String]?
        package var proxy: String?
        package var connectedTo: String?
        package var httpVersion: String?
        package var tlsVersion: String?
        package var certificateIssuer: String?
        package var certificateEnd: String?
        package var organizationId: String?
        package var engine: String?
        /// Requests per minute that the org allows for its log, for all clients together.
        package var rateLimit: Int64?
        package var rateLimitRemaining: Int64?
        /// This machine's clock minus Okta's, in seconds.
        package var clockDifferenceSeconds: Double?
        package var newestEvent: String?
    }

    package let integration: String
    package let org: String
    package private(set) var verdict = Verdict.good
    package private(set) var steps: [Step] = []
    package var facts = Facts()

    init(integration: String, org: String) {
        self.integration = integration
        self.org = org
    }

    mutating func pass(_ step: StepName, _ words: String) {
        steps.append(Step(step: step, outcome: .passed, words: words, advice: nil))
    }

    mutating func warn(_ step: StepName, _ words: String, advice: String) {
        steps.append(Step(step: step, outcome: .warned, words: words, advice: advice))
    }

    /// Records a failed step and marks all later steps as skipped.
    mutating func fail(_ step: StepName, _ words: String, advice: String, _ verdict: Verdict) {
        steps.append(Step(step: step, outcome: .failed, words: words, advice: advice))
        self.verdict = verdict
        for later in StepName.allCases.drop(while: { $0 != step }).dropFirst() {
            steps.append(
                Step(
                    step: later, outcome: .skipped, words: "not tested, because the step “\(step.words)” failed",
                    advice: nil))
        }
    }
}

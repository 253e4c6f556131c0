import CurlHTTPClient
import FoundationEssentials
import OktaAPI
import ResponseLog

/// A request in progress: its remaining steps and its entries so far.
struct ResponseJob: Sendable {
    let request: ResponseRequest
    let actor: ResponseActor
    let org: ResponseOrg
    /// The remaining steps.
    private(set) var steps: [ResponseStep]
    let onStep: @Sendable (ResponseEntry) -> Void
    /// The request's id. Every entry of the request contains it.
    private var id = ResponseJob.newID()
    var user: ResponseUser
    /// Entries in the order in which the steps ended.
    var entries: [ResponseEntry] = []
    var secret: OneTimeSecret?

    init(
        request: ResponseRequest, actor: ResponseActor, org: ResponseOrg, steps: [ResponseStep],
        onStep: @escaping @Sendable (ResponseEntry) -> Void
    ) {
        self.request = request
        self.actor = actor
        self.org = org
        self.steps = steps
        self.onStep = onStep
        user = ResponseUser(asked: request.user)
    }

    /// Returns a new UUID in lower case.
    static func newID() -> String { UUID().uuidString.lowercased() }

    /// Continues an earlier request with the same key. If a step was done, or may have been done and must not be repeated, its earlier entry is kept.
    /// All other steps remain to be done.
    mutating func resume(_ request: String, _ earlier: [ResponseEntry]) {
        id = request
        for step in steps {
            let last = earlier.last { $0.action == step.action && !$0.isDryRun && KeyIndex.counts($0) }
            guard let last, last.result?.outcome != .unknown || !step.isHarmlessToRepeat else { continue }
            entries.append(last)
            steps.removeAll { $0 == step }
        }
    }

    func entry(_ step: ResponseStep, id: String, result: ResponseResult?, at time: Int64) -> ResponseEntry {
        var entry = ResponseEntry(step, of: request, by: actor, at: org, request: self.id, time: time, result)
        entry.id = id
        entry.user = user
        return entry
    }

    /// The reason that Okta stores with a user's risk.
    var reasonForOkta: String {
        "case \(request.caseID)\(request.reason.map { ": \($0)" } ?? "")".oneLine(limit: 200)
    }
}

extension ResponseStep {
    /// The step that an entry records.
    init(_ entry: ResponseEntry) { self.init(action: entry.action, options: entry.options) }
}

extension ResponseEntry {
    /// Creates an entry with a new id.
    init(
        _ step: ResponseStep, of request: ResponseRequest, by actor: ResponseActor, at org: ResponseOrg?,
        request id: String, time: Int64, _ result: ResponseResult?
    ) {
        self.init(
            id: ResponseJob.newID(), request: id, key: request.key, time: time, integration: request.integration,
            org: org?.host ?? "", action: step.action, command: request.action, undoes: request.undoes,
            user: ResponseUser(asked: request.user), options: step.options, caseID: request.caseID,
            reason: request.reason, actor: actor, isDryRun: request.isDryRun, isForced: request.isForced,
            credential: org?.credential, result: result)
    }
}

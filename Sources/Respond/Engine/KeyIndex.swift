import ResponseLog

/// Remembers the requests with an idempotency key, and the positions of their entries in the log. A plain value.
struct KeyIndex: Sendable {
    struct Record: Sendable, Equatable {
        var request: String
        /// The content of the request as one text. It shows whether the same key is used for another request.
        var fingerprint: String
        /// The position where the request's entries begin; nil for the log's beginning.
        var start: ResponseLogPosition?
        /// The position where the request's entries end.
        var end: ResponseLogPosition
        /// The time of the request's last entry, in milliseconds since 1970.
        var time: Int64
    }

    /// How long a key is remembered, in milliseconds.
    static let life: Int64 = 30 * 86_400_000

    private let limit: Int
    private var records: [String: Record] = [:]
    /// Keys in the order in which they arrived. The keys before the index ``oldest`` are already forgotten.
    private var order: [String] = []
    private var oldest = 0

    init(limit: Int = 100_000) { self.limit = limit }

    /// Adds an entry. A key is remembered as soon as an entry shows that an action was or may have been sent to Okta, or was already done.
    mutating func note(_ entry: ResponseEntry, from start: ResponseLogPosition?, to end: ResponseLogPosition) {
        guard let key = entry.key, !entry.isDryRun else { return }
        if let known = records[key], known.request == entry.request {
            records[key]?.time = max(known.time, entry.time)
            records[key]?.end = max(known.end, end)
            return
        }
        let earlier = records[key]
        guard earlier.map({ $0.time <= entry.time - Self.life }) ?? true, Self.counts(entry) else { return }
        records[key] = Record(
            request: entry.request, fingerprint: Self.fingerprint(entry), start: start, end: end, time: entry.time)
        // If an expired key is used again, it keeps its old position in the order.
        guard earlier == nil else { return }
        order.append(key)
        guard order.count - oldest > limit else { return }
        records[order[oldest]] = nil
        oldest += 1
        if oldest > limit {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    func record(_ key: String, now: Int64) -> Record? {
        records[key].flatMap { $0.time > now - Self.life ? $0 : nil }
    }

    /// True if the entry's action was done or may have been done, or if the user was already in the state that the action would cause.
    static func counts(_ entry: ResponseEntry) -> Bool {
        switch entry.result?.outcome {
        case nil, .done, .alreadyDone, .unknown: true
        case .wouldDo, .refused, .refusedByOkta, .failed: false
        }
    }

    static func fingerprint(_ entry: ResponseEntry) -> String {
        fingerprint(entry.integration, entry.command, entry.user.asked, entry.caseID, entry.options)
    }

    static func fingerprint(_ request: ResponseRequest) -> String {
        let options = ResponseStep.steps(of: request).first?.options ?? ResponseOptions()
        return fingerprint(request.integration, request.action, request.user, request.caseID, options)
    }

    /// - Parameter options: the options of the request's first step.
    private static func fingerprint(
        _ integration: String, _ command: ResponseAction, _ user: String, _ caseID: String, _ options: ResponseOptions
    ) -> String {
        var parts = [integration, command.rawValue, user.lowercased(), caseID]
        // `contain` and `release` determine the options themselves, so a responder's options make no difference.
        if command != .contain, command != .release {
            parts += [options.groupAsked ?? "", options.riskLevel ?? ""]
            parts += [options.oauthTokens, options.forgetDevices, options.sendEmail].map { $0.map(String.init) ?? "" }
        }
        return parts.joined(separator: "\n")
    }
}

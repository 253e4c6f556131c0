/// The opaque `after` tokens. They are derived from the org's seed. The org therefore refuses tokens that it did not issue, and still accepts its own
/// tokens after a restart.
struct LogCursor: Sendable {
    private let seed: UInt64
    private let bounded: EventIdentity

    init(seed: UInt64) {
        self.seed = seed
        bounded = EventIdentity(seed: seed, purpose: .cursor)
    }

    private func check(_ position: Int) -> UInt64 {
        Seed.derive(seed, .cursor, position) % 9_999_991 + 1
    }

    /// A token of the form `<epoch-ms>_<n>`. A request with this token gets the events from `position` on.
    func polling(_ position: Int, in log: EventLog) -> String {
        let time = position > 0 ? log.persisted(position - 1) : log.timeline.epoch - log.timeline.historySpan - 1
        return "\(time)_\(check(position))"
    }

    func position(polling token: String, in log: EventLog, count: Int) -> Int? {
        let parts = token.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0]), let number = UInt64(parts[1]) else { return nil }
        if polling(0, in: log) == token { return 0 }
        var index = log.firstIndex(persistedAt: time, count: count)
        while index < count, log.persisted(index) == time {
            if check(index + 1) == number, polling(index + 1, in: log) == token { return index + 1 }
            index += 1
        }
        return nil
    }

    /// A token in the form of a UUID, for a page that ended with event `index`.
    func afterEvent(_ index: Int) -> String { bounded.text(index) }

    func event(bounded token: String) -> Int? { bounded.index(of: token) }
}

/// The correct answer to a log query, before a fault changes it: its events and its `next` cursor.
struct LogPage {
    let indexes: [Int]
    /// The `after` of the next request; nil for the last page of a bounded query.
    let next: String?
    let isFull: Bool

    /// - Throws: 400 for an `after` that this org never issued for this kind of query.
    init(_ query: LogQuery, log: EventLog, cursor: LogCursor, now: Int64) throws(OktaError) {
        let count = log.count(now: now)
        let oldest = now - 90 * LogQuery.day
        let since = max(query.since ?? (query.until ?? now) - 7 * LogQuery.day, oldest)
        let isWanted: (Int) -> Bool = { index in
            if let filter = query.filter, !filter.matches({ log.attribute($0, index) }) { return false }
            guard !query.keywords.isEmpty else { return true }
            var text: [UInt8] = []
            log.render(index, to: &text)
            let lowered = String(decoding: text, as: UTF8.self).lowercased()
            return query.keywords.allSatisfy(lowered.contains)
        }
        if query.isPolling {
            var position = log.firstIndex(persistedAt: since, count: count)
            if let after = query.after {
                guard let known = cursor.position(polling: after, in: log, count: count) else {
                    throw Self.unknownCursor
                }
                position = max(known, log.firstIndex(persistedAt: oldest, count: count))
            }
            var found: [Int] = []
            while found.count < query.limit, position < count {
                if isWanted(position) { found.append(position) }
                position += 1
            }
            indexes = found
            next = cursor.polling(position, in: log)
            isFull = found.count == query.limit
        } else {
            var after: Int?
            if let token = query.after {
                guard let event = cursor.event(bounded: token), event < count else { throw Self.unknownCursor }
                after = event
            }
            let until = max(since, query.until ?? now)
            let (page, more) = log.bounded(
                since..<until, descending: query.descending, after: after, limit: query.limit, count: count,
                isWanted: isWanted)
            indexes = page
            next = more ? (page.last ?? after).map(cursor.afterEvent) : nil
            isFull = page.count == query.limit
        }
    }

    private static let unknownCursor = OktaError.invalid("after", "The after cursor is not valid.")
}

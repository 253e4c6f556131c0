import ResponseLog

/// Searches the response log.
package struct ResponseHistory: Sendable {
    /// Which actions to show.
    package struct Filter: Sendable, Codable, Equatable {
        package var caseID: String?
        /// The user's login, e-mail address or id, or the text with which the responder named the user; compared without regard to case.
        package var user: String?
        package var integration: String?
        /// The maximum number of actions to show, from 1 to 10,000.
        package var limit = 100

        package init(caseID: String? = nil, user: String? = nil, integration: String? = nil, limit: Int = 100) {
            self.caseID = caseID
            self.user = user
            self.integration = integration
            self.limit = limit
        }

        package static let limits = 1...10_000

        func matches(_ entry: ResponseEntry) -> Bool {
            if let caseID, entry.caseID != caseID { return false }
            if let integration, entry.integration != integration { return false }
            guard let user = user?.lowercased() else { return true }
            return [entry.user.asked, entry.user.login, entry.user.email, entry.user.id]
                .contains { $0?.lowercased() == user }
        }
    }

    private let reader: ResponseLogReader

    /// - Parameter directory: the directory of the response log.
    package init(directory: String) { reader = ResponseLogReader(directory: directory) }

    /// The matching actions, newest first, each once and with its result. An action without a result is in progress, or the helper stopped during it.
    ///
    /// - Throws: if the log can't be read.
    package func actions(_ filter: Filter) throws -> [ResponseEntry] {
        let limit = min(max(filter.limit, Filter.limits.lowerBound), Filter.limits.upperBound)
        var kept: [ResponseEntry] = []
        var places: [String: Int] = [:]
        try read { entry, _, _ in
            guard filter.matches(entry) else { return true }
            if let place = places[entry.id] {
                kept[place] = entry
            } else {
                places[entry.id] = kept.count
                kept.append(entry)
            }
            // The oldest actions are dropped only when there are twice as many as needed, because dropping them takes time.
            if kept.count >= 2 * limit {
                kept.removeFirst(kept.count - limit)
                places = Dictionary(kept.enumerated().map { ($1.id, $0) }) { $1 }
            }
            return true
        }
        return Array(kept.suffix(limit).reversed())
    }

    /// The entries of a request between two positions: for each action, only the last entry.
    func actions(
        ofRequest request: String, from start: ResponseLogPosition?, to end: ResponseLogPosition
    ) throws -> [ResponseEntry] {
        var kept: [ResponseEntry] = []
        try read(from: start, to: end) { entry, _, _ in
            guard entry.request == request else { return true }
            if let place = kept.firstIndex(where: { $0.id == entry.id }) {
                kept[place] = entry
            } else {
                kept.append(entry)
            }
            return true
        }
        return kept
    }

    /// The action with this id, and the action that has undone it, if any. Nil if the log has no action with this id.
    func action(_ id: String) throws -> (action: ResponseEntry, undoneBy: ResponseEntry?)? {
        var found: ResponseEntry?
        var undoneBy: ResponseEntry?
        try read { entry, _, _ in
            if entry.id == id { found = entry }
            if entry.undoes == id, let outcome = entry.result?.outcome, outcome == .done || outcome == .alreadyDone {
                undoneBy = entry
            }
            return true
        }
        return found.map { ($0, undoneBy) }
    }

    /// Calls the body for each entry between two positions, until the body returns false. The body also gets the positions before and after the batch
    /// that contains the entry.
    func read(
        from start: ResponseLogPosition? = nil, to end: ResponseLogPosition? = nil,
        _ body: (ResponseEntry, _ start: ResponseLogPosition?, _ end: ResponseLogPosition) throws -> Bool
    ) throws {
        var position = start
        while true {
            let batch = try reader.read(after: position)
            for entry in batch.entries {
                guard try body(entry, position, batch.next) else { return }
            }
            position = batch.next
            if batch.isEnd { return }
            if let end, batch.next >= end { return }
        }
    }
}

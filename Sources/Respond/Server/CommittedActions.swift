import FoundationEssentials
import Glibc

/// The latest committed events of administrators' actions. The collector writes these events to the file `actions.json` in its runtime directory.
package struct CommittedActions: Codable, Equatable, Sendable {
    /// The largest size of the file in bytes; 1,000 events take about 250 KiB.
    private static let sizeLimit = 1 << 20
    package static let fileName = "actions.json"

    package struct Action: Codable, Equatable, Sendable {
        package var integration: String
        package var eventType: String
        /// The event's transaction id. It equals the request id of the call that caused the event.
        package var transactionID: String
        package var uuid: String
        /// When the collector committed the event, in the form of RFC 3339.
        package var committedAt: String

        package init(integration: String, eventType: String, transactionID: String, uuid: String, committedAt: String) {
            self.integration = integration
            self.eventType = eventType
            self.transactionID = transactionID
            self.uuid = uuid
            self.committedAt = committedAt
        }

        private enum CodingKeys: String, CodingKey {
            case integration, uuid
            case eventType = "event_type"
            case transactionID = "transaction_id"
            case committedAt = "committed_at"
        }
    }

    /// A call whose event a client waits for.
    package struct Awaited: Codable, Hashable, Sendable {
        package var integration: String
        package var transactionID: String

        package init(integration: String, transactionID: String) {
            self.integration = integration
            self.transactionID = transactionID
        }

        private enum CodingKeys: String, CodingKey {
            case integration
            case transactionID = "transaction_id"
        }
    }

    package var actions: [Action]

    /// The file's present content. Empty if the file is missing, unreadable or damaged, because the collector will write the file again.
    static func read(_ path: String) -> CommittedActions {
        let empty = CommittedActions(actions: [])
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return empty }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= sizeLimit else {
            return empty
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= sizeLimit {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return (try? JSONDecoder().decode(CommittedActions.self, from: Data(bytes))) ?? empty
    }

    /// Reads the file repeatedly until it has contained all awaited events, the time limit is reached, or `isOver` returns true.
    ///
    /// - Parameter isOver: called between two reads. If it returns true, the wait ends. The call should take about half a second, because there is
    ///   no other pause between the reads.
    static func wait(
        for awaited: [Awaited], path: String, seconds: Int, isOver: () -> Bool
    ) -> (seen: [Action], missing: [Awaited]) {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        var missing = Set(awaited)
        var seen: [Action] = []
        while true {
            for action in read(path).actions
            where missing.remove(Awaited(integration: action.integration, transactionID: action.transactionID)) != nil {
                seen.append(action)
            }
            guard !missing.isEmpty, clock.now < deadline, !isOver() else { break }
        }
        return (seen, awaited.filter(missing.contains))
    }
}

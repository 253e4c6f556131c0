import NIOCore
import Synchronization

/// The open connections. Decides which connection is closed when there are too many.
final class ConnectionTable: Sendable {
    private struct Entry {
        let channel: any Channel
        /// The connection's number in order of opening: the lowest is the oldest.
        let turn: UInt64
        var isResponding = false
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var turn: UInt64 = 0

        mutating func next() -> UInt64 {
            turn += 1
            return turn
        }
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = max(1, limit) }

    /// Adds a connection. If there are now too many, closes the oldest one that has not sent a complete request. If all requests are complete, closes
    /// the oldest connection.
    func opened(_ channel: any Channel) {
        let surplus: (any Channel)? = state.withLock { state in
            let turn = state.next()
            state.entries[ObjectIdentifier(channel)] = Entry(channel: channel, turn: turn)
            guard state.entries.count > limit else { return nil }
            let oldest = state.entries.min {
                ($0.value.isResponding ? 1 : 0, $0.value.turn) < ($1.value.isResponding ? 1 : 0, $1.value.turn)
            }
            return oldest.flatMap { state.entries.removeValue(forKey: $0.key)?.channel }
        }
        surplus?.close(mode: .all, promise: nil)
    }

    func closed(_ channel: any Channel) {
        state.withLock { _ = $0.entries.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Notes that the response of a connection begins.
    func responds(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.isResponding = true }
    }
}

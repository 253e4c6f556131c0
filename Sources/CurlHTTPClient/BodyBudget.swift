/// Decides which transfers may keep a body in memory, so that the bodies of all transfers together stay within a limit. A plain value.
///
/// - The first ``freeBytes`` of a body need no share, so long answers never delay a short one.
/// - A larger body needs a share of the budget: as many bytes as the body is expected to have. If there is no room for the share, the transfer waits.
///   Waiting transfers are admitted in the order in which they began to wait, so every host gets its turn.
/// - Once admitted, a body is never paused. If it becomes larger than its share, the excess also counts and delays later admissions. A transfer that
///   already has memory therefore never waits for more.
/// - A transfer whose body has not begun has no share and does not wait for one, even if its host sends nothing for a long time.
struct BodyBudget {
    /// The number of decoded bytes at the beginning of a body that need no share.
    static let freeBytes = 32 << 10
    /// The share of a body whose size is unknown, in bytes. Most answers of an API are smaller.
    static let usualShare = 2 << 20

    /// The maximum of ``used``, in bytes.
    let limit: Int
    /// The sum of all shares, in bytes. It exceeds the limit only if bodies become larger than their shares, or if a single share is larger than the
    /// limit.
    private(set) var used = 0
    private var shares: [UInt64: Int] = [:]
    private var waiting: [(id: UInt64, bytes: Int)] = []

    init(limit: Int) { self.limit = limit }

    /// If there is room, gives the transfer a share of `bytes` and returns true. Otherwise, adds the transfer to the end of the queue and returns
    /// false. A later ``leave(_:)`` or ``resize(_:to:)`` of another transfer then returns the id of the waiting one when it is admitted.
    mutating func enter(_ id: UInt64, bytes: Int) -> Bool {
        guard waiting.isEmpty, hasRoom(for: bytes) else {
            waiting.append((id, bytes))
            return false
        }
        take(id, bytes)
        return true
    }

    /// Sets the actual size of a body.
    ///
    /// - Returns: the transfers that are admitted now.
    mutating func resize(_ id: UInt64, to bytes: Int) -> [UInt64] {
        guard let share = shares[id] else { return [] }
        shares[id] = bytes
        used += bytes - share
        return admit()
    }

    /// Takes back the share of a body that was released, or removes a waiting transfer from the queue. A second call for the same transfer changes
    /// nothing.
    ///
    /// - Returns: the transfers that are admitted now.
    mutating func leave(_ id: UInt64) -> [UInt64] {
        if let share = shares.removeValue(forKey: id) {
            used -= share
        } else if let place = waiting.firstIndex(where: { $0.id == id }) {
            waiting.remove(at: place)
        } else {
            return []
        }
        return admit()
    }

    private func hasRoom(for bytes: Int) -> Bool { used == 0 || used + bytes <= limit }

    private mutating func take(_ id: UInt64, _ bytes: Int) {
        shares[id] = bytes
        used += bytes
    }

    private mutating func admit() -> [UInt64] {
        var admitted: [UInt64] = []
        for (id, bytes) in waiting {
            guard hasRoom(for: bytes) else { break }
            take(id, bytes)
            admitted.append(id)
        }
        waiting.removeFirst(admitted.count)
        return admitted
    }
}

/// The share of one body in the budget. The share is taken back when this object is released. Code that keeps the body must therefore keep this
/// object, too.
package final class BodyShare: Sendable {
    private let id: UInt64
    private let loop: CurlLoop

    init(_ id: UInt64, _ loop: CurlLoop) {
        self.id = id
        self.loop = loop
    }

    deinit { loop.leaveBudget(id) }
}

extension [UInt8] {
    /// Makes room for `more` bytes. If the array has to grow, it grows by a quarter, or more if needed. By default, an array doubles its capacity,
    /// and a body would hold the unused memory until its reader takes the body.
    mutating func makeRoom(for more: Int) {
        let needed = count + more
        if needed > capacity { reserveCapacity(Swift.max(needed, capacity + capacity / 4)) }
    }
}

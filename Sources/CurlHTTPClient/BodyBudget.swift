/// Decides which transfers may keep a body in memory, so that the bodies of all transfers together stay within a limit. A plain value.
///
/// - The first ``freeBytes`` of a body need no allowance. A short answer therefore never waits for long ones.
/// - A larger body needs an allowance: as many bytes of the budget as the body is expected to have. If the budget has no room for the allowance, the
///   transfer waits. Waiting transfers are admitted in the order in which they began to wait, so none waits indefinitely.
/// - Once admitted, a body is never paused. If the body becomes larger than its allowance, the excess also counts and delays later admissions. A
///   transfer that already has memory therefore never waits for more memory.
/// - A transfer whose body has not begun has no allowance and does not wait for one, even if its host sends nothing for a long time.
struct BodyBudget {
    /// The number of decoded bytes at the beginning of a body that need no allowance.
    static let freeBytes = 32 << 10
    /// The allowance of a body whose size is unknown, in bytes. Most answers of an API are smaller.
    static let usualAllowance = 2 << 20

    /// The limit of ``used``, in bytes. A body is admitted if the limit is not exceeded, or if no other body has an allowance.
    let limit: Int
    /// The sum of all allowances, in bytes. The sum exceeds the limit only if bodies become larger than their allowances, or if a single allowance is
    /// larger than the limit.
    private(set) var used = 0
    private var allowances: [UInt64: Int] = [:]
    private var waiting: [(id: UInt64, bytes: Int)] = []

    init(limit: Int) { self.limit = limit }

    /// If there is room and no transfer is waiting, gives the transfer an allowance of `bytes` and returns true. Otherwise, adds the transfer to the
    /// end of the queue and returns false. A later call of ``leave(_:)`` or ``resize(_:to:)`` for another transfer admits the waiting transfer and
    /// returns its id.
    mutating func enter(_ id: UInt64, bytes: Int) -> Bool {
        guard waiting.isEmpty, hasRoom(for: bytes) else {
            waiting.append((id, bytes))
            return false
        }
        take(id, bytes)
        return true
    }

    /// Sets the allowance of a body to `bytes`, the memory that the body actually uses.
    ///
    /// - Returns: the transfers that are admitted now.
    mutating func resize(_ id: UInt64, to bytes: Int) -> [UInt64] {
        guard let allowance = allowances[id] else { return [] }
        allowances[id] = bytes
        used += bytes - allowance
        return admit()
    }

    /// Takes back the allowance of a body that was released, or removes a waiting transfer from the queue. A second call for the same transfer
    /// changes nothing.
    ///
    /// - Returns: the transfers that are admitted now.
    mutating func leave(_ id: UInt64) -> [UInt64] {
        if let allowance = allowances.removeValue(forKey: id) {
            used -= allowance
        } else if let place = waiting.firstIndex(where: { $0.id == id }) {
            waiting.remove(at: place)
        } else {
            return []
        }
        return admit()
    }

    private func hasRoom(for bytes: Int) -> Bool { used == 0 || used + bytes <= limit }

    private mutating func take(_ id: UInt64, _ bytes: Int) {
        allowances[id] = bytes
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

/// The part of the memory budget that one body may use. The budget takes the memory back when this object is released. Code that keeps the body must
/// therefore keep this object, too.
package final class BodyAllowance: Sendable {
    private let id: UInt64
    private let loop: CurlLoop

    init(_ id: UInt64, _ loop: CurlLoop) {
        self.id = id
        self.loop = loop
    }

    deinit { loop.leaveBudget(id) }
}

extension [UInt8] {
    /// Makes room for `more` bytes. If the array has to grow, it grows by a quarter, or more if needed. By default, an array doubles its capacity, so
    /// a body could occupy twice the memory that it needs.
    mutating func makeRoom(for more: Int) {
        let needed = count + more
        if needed > capacity { reserveCapacity(Swift.max(needed, capacity + capacity / 4)) }
    }
}

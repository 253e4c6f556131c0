/// Decides which bodies may be in memory: a bound on the bytes that all transfers together hold. A plain value.
///
/// - The first ``freeBytes`` of a body are free, so a short answer is never held up by long ones.
/// - What goes beyond takes a share of the size that is expected. Without room it waits, in the order of asking: that is the
///   turn between the hosts that send much.
/// - Once admitted, a body is never paused. A body that outgrows its share is counted and keeps the next ones out, so that
///   nobody who has memory waits for memory.
/// - A transfer whose body has not begun holds nothing and waits for nothing, however long its host is silent.
struct BodyBudget {
    /// Decoded bytes of a body that need no share.
    static let freeBytes = 32 << 10
    /// The share of a body whose size nobody knows: most of what an API sends at once.
    static let usualShare = 2 << 20

    /// Bytes.
    let limit: Int
    /// What shares add up to. Beyond the limit only by what bodies outgrew their shares, or by one share larger than it.
    private(set) var used = 0
    private var shares: [UInt64: Int] = [:]
    private var waiting: [(id: UInt64, bytes: Int)] = []

    init(limit: Int) { self.limit = limit }

    /// Gives a share of `bytes` to the transfer, or puts it at the end of the line: then ``leave(_:)`` or
    /// ``resize(_:to:)`` of another names it later.
    mutating func enter(_ id: UInt64, bytes: Int) -> Bool {
        guard waiting.isEmpty, hasRoom(for: bytes) else {
            waiting.append((id, bytes))
            return false
        }
        take(id, bytes)
        return true
    }

    /// The body turned out to have this size. Returns who may go on now.
    mutating func resize(_ id: UInt64, to bytes: Int) -> [UInt64] {
        guard let share = shares[id] else { return [] }
        shares[id] = bytes
        used += bytes - share
        return admit()
    }

    /// The body is gone, or the transfer gave up waiting. Returns who may go on now. A second call changes nothing.
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

/// The memory of one body, counted for as long as somebody holds this: who keeps an answer's body keeps its share too.
package final class BodyShare: Sendable {
    private let id: UInt64
    private let loop: CurlLoop

    init(_ id: UInt64, _ loop: CurlLoop) {
        self.id = id
        self.loop = loop
    }

    deinit { loop.leaveBudget(id) }
}

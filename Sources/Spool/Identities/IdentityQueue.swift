/// Identities in order of arrival, with an index that finds an identity in a step or two.
///
/// The identities are in a ring buffer of 16 bytes each, and the index is an open-addressing table of 4 bytes per slot. There is no object per
/// identity, and an empty queue uses no memory. An identity that was added twice stays until its latest occurrence is removed.
struct IdentityQueue {
    private(set) var count = 0
    private var ring: ContiguousArray<RecordIdentity> = []
    private var head = 0
    /// Each slot holds a position in the ring plus one; 0 marks a free slot. The number of slots is a power of two, and at most three quarters are in
    /// use.
    private var index: ContiguousArray<UInt32> = []

    func contains(_ identity: RecordIdentity) -> Bool {
        count > 0 && index[slot(of: identity)] != 0
    }

    /// The number of identities that were added after the latest occurrence of the given identity; nil if the queue does not have it.
    func depth(of identity: RecordIdentity) -> Int? {
        guard count > 0, case let place = Int(index[slot(of: identity)]) - 1, place >= 0 else { return nil }
        return count - 1 - (place >= head ? place - head : place - head + ring.count)
    }

    /// Calls `body` for each identity, oldest first.
    func forEach(_ body: (RecordIdentity) -> Void) {
        for offset in 0..<count { body(ring[place(offset)]) }
    }

    mutating func append(_ identity: RecordIdentity) {
        // A large queue grows by a quarter each time, so that its memory stays close to what is needed.
        if count == ring.count { resize(to: max(16, count < 1_024 ? count * 2 : count + count / 4)) }
        let place = place(count)
        ring[place] = identity
        index[slot(of: identity)] = UInt32(place + 1)
        count += 1
    }

    mutating func removeFirst(_ number: Int) {
        guard number < count else {
            self = IdentityQueue()
            return
        }
        for _ in 0..<number {
            let slot = slot(of: ring[head])
            if index[slot] == UInt32(head + 1) { vacate(slot) }
            head = head + 1 == ring.count ? 0 : head + 1
            count -= 1
        }
        if ring.count > 64, count < ring.count / 4 { resize(to: count + count / 4) }
    }

    private func place(_ offset: Int) -> Int {
        let place = head + offset
        return place < ring.count ? place : place - ring.count
    }

    /// The slot of the index that refers to this identity. If there is no such slot: the free slot to use for this identity.
    private func slot(of identity: RecordIdentity) -> Int {
        let mask = index.count - 1
        var slot = Self.hash(identity) & mask
        while index[slot] != 0, ring[Int(index[slot]) - 1] != identity { slot = (slot + 1) & mask }
        return slot
    }

    /// Frees a slot of the index and closes the gap, so that a search for a later entry does not stop at the freed slot.
    private mutating func vacate(_ vacated: Int) {
        let mask = index.count - 1
        var gap = vacated
        var next = (gap + 1) & mask
        while index[next] != 0 {
            let home = Self.hash(ring[Int(index[next]) - 1]) & mask
            if (next - home) & mask >= (next - gap) & mask {
                index[gap] = index[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        index[gap] = 0
    }

    private mutating func resize(to capacity: Int) {
        var moved = ContiguousArray<RecordIdentity>()
        moved.reserveCapacity(capacity)
        forEach { moved.append($0) }
        moved.append(
            contentsOf: repeatElement(RecordIdentity(high: 0, low: 0), count: capacity - moved.count))
        ring = moved
        head = 0
        var size = 16
        while size * 3 < capacity * 4 { size *= 2 }
        index = ContiguousArray(repeating: 0, count: size)
        for place in 0..<count { index[slot(of: ring[place])] = UInt32(place + 1) }
    }

    /// A hash that is distributed evenly, whether the identities are counters or digests.
    private static func hash(_ identity: RecordIdentity) -> Int {
        let mixed = (identity.low ^ identity.high &* 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: mixed ^ mixed >> 32)
    }
}

/// An integration's windows as of its last durable commit, and the changes that the next commit makes to them.
struct IdentityWindows {
    /// The maximum number of identities that the caller may add in one commit, far more than the thousand events that a page can have.
    static let maximumInCommit = 1 << 17

    private var memories: [IdentityMemory] = []
    private var pending: [(window: IdentityWindow, queue: IdentityQueue)] = []
    private var emptied: Set<IdentityWindow> = []
    /// Pairs of windows: the contents of the source are merged into the target if at least `leastCommon` common identities are in the same order
    /// in both. Otherwise, or if `leastCommon` is nil, they are appended.
    private var moves: [(source: IdentityWindow, target: IdentityWindow, leastCommon: Int?)] = []

    var hasPending: Bool { pendingCount > 0 || !emptied.isEmpty || !moves.isEmpty }
    var pendingCount: Int { pending.reduce(0) { $0 + $1.queue.count } }

    func contains(_ identity: RecordIdentity, in window: IdentityWindow) -> Bool {
        // The loops use indices, because copying an element out of the array would cost reference counting for each event.
        for index in pending.indices where pending[index].window == window {
            if pending[index].queue.contains(identity) { return true }
        }
        for index in memories.indices where memories[index].window == window {
            if memories[index].contains(identity) { return true }
        }
        return false
    }

    /// The number of durable identities in a window.
    func count(_ window: IdentityWindow) -> Int { memory(window)?.count ?? 0 }

    /// The number of identities of each window that is not empty.
    var counts: [IdentityWindow: Int] {
        Dictionary(memories.lazy.filter { $0.count > 0 }.map { ($0.window, $0.count) }) { first, _ in first }
    }

    func memory(_ window: IdentityWindow) -> IdentityMemory? { memories.first { $0.window == window } }

    mutating func remember(_ identity: RecordIdentity, in window: IdentityWindow) {
        if let index = pending.firstIndex(where: { $0.window == window }) {
            pending[index].queue.append(identity)
        } else {
            var queue = IdentityQueue()
            queue.append(identity)
            pending.append((window, queue))
        }
    }

    mutating func empty(_ window: IdentityWindow) { emptied.insert(window) }

    mutating func move(_ source: IdentityWindow, to target: IdentityWindow) { moves.append((source, target, nil)) }

    mutating func merge(_ source: IdentityWindow, into target: IdentityWindow, leastCommon: Int) {
        moves.append((source, target, leastCommon))
    }

    mutating func limit(_ window: IdentityWindow, to bound: Int) { memories[index(window)].limit(bound) }

    mutating func discard() {
        guard hasPending else { return }
        pending = []
        emptied = []
        moves = []
    }

    /// The updates that the next commit writes: at most one per window.
    func updates(_ times: IdentityTimes) -> [IdentityUpdate] {
        guard hasPending else { return [] }
        var commits: [IdentityWindow: [IdentityCommit]] = [:]
        for (window, queue) in pending {
            var identities: [RecordIdentity] = []
            identities.reserveCapacity(queue.count)
            queue.forEach { identities.append($0) }
            commits[window] = [IdentityCommit(times: times, identities: identities)]
        }
        var emptied = emptied
        var dropped: [IdentityWindow: Int64] = [:]
        for window in emptied { commits[window, default: []] += [] }
        var rewritten: Set<IdentityWindow> = []
        for (source, target, leastCommon) in moves {
            let moved = (rewritten.contains(source) ? [] : memory(source)?.contents ?? []) + (commits[source] ?? [])
            let kept = emptied.contains(target) ? [] : memory(target)?.contents ?? []
            if let leastCommon,
                let merged = (kept + (commits[target] ?? [])).merged(with: moved, leastCommon: leastCommon)
            {
                if !kept.isEmpty { dropped[target] = latest(dropped[target], memory(target)?.droppedLatest) }
                commits[target] = merged
                emptied.insert(target)
                rewritten.insert(target)
            } else {
                commits[target, default: []] += moved
            }
            commits[source] = []
            emptied.insert(source)
            rewritten.insert(source)
            dropped[target] = latest(
                memory(source)?.droppedLatest, dropped.removeValue(forKey: source), dropped[target])
        }
        return commits.sorted { $0.key.rawValue < $1.key.rawValue }.map { window, commits in
            IdentityUpdate(
                window: window, empties: emptied.contains(window),
                bound: memory(window)?.bound ?? IdentityWindow.defaultBound, droppedLatest: dropped[window],
                commits: commits)
        }
    }

    private func latest(_ times: Int64?...) -> Int64? { times.compactMap(\.self).max() }

    /// Applies updates that are durable by now, or that were read from a journal.
    mutating func apply(_ updates: [IdentityUpdate]) {
        for update in updates { memories[index(update.window)].apply(update) }
    }

    /// Replaces the windows with those of a journal, but keeps the present bounds.
    mutating func replace(with other: IdentityWindows) {
        let bounds = memories.map { ($0.window, $0.bound) }
        self = other
        for (window, bound) in bounds { limit(window, to: bound) }
    }

    private mutating func index(_ window: IdentityWindow) -> Int {
        if let known = memories.firstIndex(where: { $0.window == window }) { return known }
        memories.append(IdentityMemory(window))
        return memories.count - 1
    }

    // The encoding used in a journal's header; see `Journal`.

    func encode(into store: ByteStore) {
        let held = memories.filter { !$0.isBlank }
        store.append(byte: UInt8(held.count))
        for memory in held { memory.encode(into: store) }
    }

    init() {}

    /// Decodes the windows. Nil if the bytes are not valid in a journal of this version.
    init?(_ cursor: inout ByteCursor, version: UInt32) {
        guard let count = cursor.integer(UInt8.self), count <= IdentityWindow.limit else { return nil }
        for _ in 0..<count {
            guard let memory = IdentityMemory(&cursor, version: version) else { return nil }
            memories.append(memory)
        }
    }
}

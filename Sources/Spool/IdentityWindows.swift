/// An integration's windows as of its last durable commit, and what the next commit does to them.
struct IdentityWindows {
    /// In one commit; a page of events has a thousand.
    static let maximumInCommit = 1 << 16

    private var memories: [IdentityMemory] = []
    private var pending = IdentityQueue()
    /// A window for each of `pending`, in order.
    private var pendingWindows: [IdentityWindow] = []
    private var emptied: Set<IdentityWindow> = []

    var hasPending: Bool { !pendingWindows.isEmpty || !emptied.isEmpty }
    var pendingCount: Int { pendingWindows.count }
    /// Of each window that remembers anything.
    var counts: [IdentityWindow: Int] {
        Dictionary(memories.lazy.filter { $0.count > 0 }.map { ($0.window, $0.count) }) { first, _ in first }
    }

    func contains(_ identity: RecordIdentity) -> Bool {
        if pending.contains(identity) { return true }
        for memory in memories where memory.contains(identity) { return true }
        return false
    }

    func droppedMark(_ window: IdentityWindow) -> Int64? {
        memories.first { $0.window == window }?.droppedMark
    }

    mutating func remember(_ identity: RecordIdentity, in window: IdentityWindow) {
        pending.append(identity)
        pendingWindows.append(window)
    }

    mutating func empty(_ window: IdentityWindow) { emptied.insert(window) }

    mutating func limit(_ window: IdentityWindow, to bound: IdentityBound) {
        memories[index(window)].limit(bound)
    }

    mutating func discard() {
        guard hasPending else { return }
        pending = IdentityQueue()
        pendingWindows = []
        emptied = []
    }

    /// What the next commit writes down, a window at most once.
    func updates(mark: Int64?) -> [IdentityUpdate] {
        guard hasPending else { return [] }
        var lists: [IdentityWindow: [RecordIdentity]] = [:]
        for window in emptied { lists[window] = [] }
        var windows = pendingWindows.makeIterator()
        pending.forEach { identity in
            if let window = windows.next() { lists[window, default: []].append(identity) }
        }
        return lists.sorted { $0.key.rawValue < $1.key.rawValue }.map { window, identities in
            let memory = memories.first { $0.window == window }
            return IdentityUpdate(
                window: window, empties: emptied.contains(window), bound: memory?.bound ?? IdentityBound(),
                mark: mark ?? memory?.newestMark ?? .min, identities: identities)
        }
    }

    /// Once durable, or read from a journal.
    mutating func apply(_ updates: [IdentityUpdate]) {
        for update in updates { memories[index(update.window)].apply(update) }
    }

    /// Takes what a journal holds, within the bounds that were set here.
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

    // As they stand in a journal's header; see `Journal`.

    func encode(into store: ByteStore) {
        let held = memories.filter { !$0.isBlank }
        store.append(byte: UInt8(held.count))
        for memory in held { memory.encode(into: store) }
    }

    init() {}

    /// Nil for what no writer wrote.
    init?(_ cursor: inout ByteCursor) {
        guard let count = cursor.integer(UInt8.self), count <= IdentityWindow.limit else { return nil }
        for _ in 0..<count {
            guard let memory = IdentityMemory(&cursor) else { return nil }
            memories.append(memory)
        }
    }
}

/// What a commit does to one window.
struct IdentityUpdate: Equatable {
    var window: IdentityWindow
    /// The window is emptied first.
    var empties: Bool
    /// In force from this commit on. It is written down so that reading the journal again drops exactly what was dropped.
    var bound: IdentityBound
    var mark: Int64
    var identities: [RecordIdentity]
}

/// One window: the identities of the last commits, within its bound. What it holds follows from the updates alone, so that a journal's
/// reader ends where its writer was.
struct IdentityMemory {
    private struct Commit {
        var mark: Int64
        var count: Int
    }

    let window: IdentityWindow
    private(set) var bound = IdentityBound()
    /// Of the commits that were dropped to keep to the bound's count, the largest.
    private(set) var droppedMark: Int64?
    private var queue = IdentityQueue()
    /// Oldest first, behind `dropped` ones that are not taken away yet.
    private var commits: ContiguousArray<Commit> = []
    private var dropped = 0

    init(_ window: IdentityWindow) { self.window = window }

    var count: Int { queue.count }
    var isBlank: Bool { queue.count == 0 && droppedMark == nil }
    /// The newest commit's; nil for an empty window.
    var newestMark: Int64? { commits.last?.mark }

    func contains(_ identity: RecordIdentity) -> Bool { queue.contains(identity) }

    mutating func apply(_ update: IdentityUpdate) {
        if update.empties { self = IdentityMemory(window) }
        if !update.identities.isEmpty {
            add(mark: max(update.mark, newestMark ?? .min), update.identities)
        }
        limit(update.bound)
    }

    mutating func limit(_ bound: IdentityBound) {
        self.bound = bound
        if let span = bound.span, let newest = newestMark {
            let (oldest, overflows) = newest.subtractingReportingOverflow(span)
            while !overflows, let first = first, first.mark < oldest { dropFirst() }
        }
        while let first = first, queue.count - first.count >= bound.count {
            droppedMark = max(droppedMark ?? .min, first.mark)
            dropFirst()
        }
    }

    private var first: Commit? { dropped < commits.count ? commits[dropped] : nil }

    private mutating func add(mark: Int64, _ identities: some Sequence<RecordIdentity>) {
        let before = queue.count
        for identity in identities { queue.append(identity) }
        commits.append(Commit(mark: mark, count: queue.count - before))
    }

    private mutating func dropFirst() {
        queue.removeFirst(commits[dropped].count)
        dropped += 1
        guard dropped > commits.count / 2 else { return }
        commits = ContiguousArray(commits[dropped...])
        dropped = 0
    }

    // As it stands in a journal's header; see `Journal`.

    func encode(into store: ByteStore) {
        store.append(byte: window.rawValue)
        bound.encode(into: store)
        store.append(byte: droppedMark == nil ? 0 : 1)
        store.append(droppedMark ?? 0)
        store.append(UInt32(commits.count - dropped))
        for commit in commits[dropped...] {
            store.append(commit.mark)
            store.append(UInt32(commit.count))
        }
        queue.forEach { $0.encode(into: store) }
    }

    /// Nil for what no writer wrote.
    init?(_ cursor: inout ByteCursor) {
        guard let window = cursor.integer(UInt8.self).flatMap(IdentityWindow.init(rawValue:)),
            let bound = IdentityBound(&cursor), let hasDropped = cursor.integer(UInt8.self),
            let droppedMark = cursor.integer(Int64.self), let count = cursor.integer(UInt32.self)
        else { return nil }
        self.init(window)
        var counts: [Commit] = []
        for _ in 0..<count {
            guard let mark = cursor.integer(Int64.self), let count = cursor.integer(UInt32.self) else { return nil }
            counts.append(Commit(mark: mark, count: Int(count)))
        }
        for commit in counts {
            guard let identities = RecordIdentity.list(commit.count, &cursor) else { return nil }
            add(mark: commit.mark, identities)
        }
        self.bound = bound
        self.droppedMark = hasDropped == 1 ? droppedMark : nil
    }
}

extension IdentityUpdate {
    static func encodedLength(identities: Int) -> Int { 1 + 1 + IdentityBound.encodedLength + 8 + 4 + 16 * identities }

    func encode(into store: ByteStore) {
        store.append(byte: window.rawValue)
        store.append(byte: empties ? 1 : 0)
        bound.encode(into: store)
        store.append(mark)
        store.append(UInt32(identities.count))
        for identity in identities { identity.encode(into: store) }
    }

    /// Nil for what no writer wrote.
    init?(_ cursor: inout ByteCursor) {
        guard let window = cursor.integer(UInt8.self).flatMap(IdentityWindow.init(rawValue:)),
            let empties = cursor.integer(UInt8.self), let bound = IdentityBound(&cursor),
            let mark = cursor.integer(Int64.self), let count = cursor.integer(UInt32.self),
            let identities = RecordIdentity.list(Int(count), &cursor)
        else { return nil }
        self.init(window: window, empties: empties == 1, bound: bound, mark: mark, identities: identities)
    }
}

extension IdentityBound {
    static let encodedLength = 4 + 1 + 8

    fileprivate func encode(into store: ByteStore) {
        store.append(UInt32(count))
        store.append(byte: span == nil ? 0 : 1)
        store.append(span ?? 0)
    }

    fileprivate init?(_ cursor: inout ByteCursor) {
        guard let count = cursor.integer(UInt32.self), count <= Self.maximumCount,
            let hasSpan = cursor.integer(UInt8.self), let span = cursor.integer(Int64.self)
        else { return nil }
        self.init(count: Int(count), span: hasSpan == 1 ? span : nil)
    }
}

extension RecordIdentity {
    fileprivate func encode(into store: ByteStore) {
        store.append(high)
        store.append(low)
    }

    fileprivate static func list(_ count: Int, _ cursor: inout ByteCursor) -> [RecordIdentity]? {
        guard let bytes = cursor.bytes(16 * count) else { return nil }
        var cursor = ByteCursor(bytes)
        var list: [RecordIdentity] = []
        list.reserveCapacity(count)
        while let high = cursor.integer(UInt64.self), let low = cursor.integer(UInt64.self) {
            list.append(RecordIdentity(high: high, low: low))
        }
        return list
    }
}

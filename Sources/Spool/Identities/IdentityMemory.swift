/// The identities of one commit, with the two points in time that the caller gave for the commit.
struct IdentityCommit: Equatable {
    var times: IdentityTimes
    var identities: [RecordIdentity]
}

/// What a commit does to one window.
struct IdentityUpdate: Equatable {
    var window: IdentityWindow
    /// True if the window is emptied before the commits are added.
    var empties: Bool
    /// The window's bound from this commit on: the window drops its oldest commit as long as the other commits have at least this number of
    /// identities. The number is recorded so that a reader of the journal drops exactly what the writer dropped.
    var bound: Int
    /// Set if this commit moves the identities of other windows to this window: the largest `latest` of the commits that those windows had dropped.
    /// These commits now count as dropped here. After a merge, the commits that this window itself has dropped are included. Nil if there are no such
    /// commits.
    var droppedLatest: Int64?
    var commits: [IdentityCommit]
}

/// One window: the identities of the newest commits, limited by `bound`. The contents depend only on the updates, so a reader of the journal arrives
/// at the same state as the writer.
struct IdentityMemory {
    private struct Commit {
        var times: IdentityTimes
        var count: Int
    }

    let window: IdentityWindow
    private(set) var bound = IdentityWindow.defaultBound
    /// The largest `latest` of all commits that were dropped because the window was full. Commits that another window dropped before its identities
    /// were moved here count, too. Nil if there are no such commits.
    private(set) var droppedLatest: Int64?
    private var queue = IdentityQueue()
    /// The commits, oldest first. The first `dropped` of them no longer belong to the window, but are not yet removed from the array.
    private var commits: ContiguousArray<Commit> = []
    private var dropped = 0

    init(_ window: IdentityWindow) { self.window = window }

    var count: Int { queue.count }
    var isBlank: Bool { queue.count == 0 && droppedLatest == nil }

    func contains(_ identity: RecordIdentity) -> Bool { queue.contains(identity) }

    func depth(of identity: RecordIdentity) -> Int? { queue.depth(of: identity) }

    /// The smallest `earliest` of the commits that have an identity at one of these depths. The newest identity has depth 0. Nil if the window does
    /// not have identities at all of these depths.
    func earliest(depths: Range<Int>) -> Int64? {
        var depth = 0
        var earliest: Int64?
        for commit in commits[dropped...].reversed() {
            if depth >= depths.upperBound { break }
            depth += commit.count
            if depth > depths.lowerBound { earliest = min(earliest ?? .max, commit.times.earliest) }
        }
        return depth >= depths.upperBound ? earliest : nil
    }

    /// The largest `earliest` of the window's commits; the collector stores a median in `earliest`. Nil if the window is empty.
    var newestMedian: Int64? { commits[dropped...].map(\.times.earliest).max() }

    /// The largest `latest` of the window's commits; nil if the window is empty.
    var latest: Int64? { commits[dropped...].map(\.times.latest).max() }

    mutating func apply(_ update: IdentityUpdate) {
        if update.empties { self = IdentityMemory(window) }
        if let dropped = update.droppedLatest { droppedLatest = max(droppedLatest ?? .min, dropped) }
        for commit in update.commits where !commit.identities.isEmpty { add(commit.times, commit.identities) }
        limit(update.bound)
    }

    mutating func limit(_ bound: Int) {
        self.bound = bound
        while dropped < commits.count, queue.count - commits[dropped].count >= bound {
            droppedLatest = max(droppedLatest ?? .min, commits[dropped].times.latest)
            queue.removeFirst(commits[dropped].count)
            dropped += 1
        }
        guard dropped > commits.count / 2 else { return }
        commits = ContiguousArray(commits[dropped...])
        dropped = 0
    }

    /// The window's contents, oldest first.
    var contents: [IdentityCommit] {
        var all: [RecordIdentity] = []
        all.reserveCapacity(queue.count)
        queue.forEach { all.append($0) }
        var start = 0
        return commits[dropped...].map { commit in
            defer { start += commit.count }
            return IdentityCommit(times: commit.times, identities: Array(all[start..<start + commit.count]))
        }
    }

    private mutating func add(_ times: IdentityTimes, _ identities: some Sequence<RecordIdentity>) {
        let before = queue.count
        for identity in identities { queue.append(identity) }
        commits.append(Commit(times: times, count: queue.count - before))
    }

    // The encoding used in a journal's header; see `Journal`.

    func encode(into store: ByteStore) {
        store.append(byte: window.rawValue)
        store.append(UInt32(bound))
        store.append(byte: droppedLatest == nil ? 0 : 1)
        store.append(droppedLatest ?? 0)
        store.append(UInt32(commits.count - dropped))
        for commit in commits[dropped...] {
            commit.times.encode(into: store)
            store.append(UInt32(commit.count))
        }
        queue.forEach { $0.encode(into: store) }
    }

    /// Decodes a window. Nil if the bytes are not valid in a journal of this version.
    init?(_ cursor: inout ByteCursor, version: UInt32) {
        guard let window = cursor.integer(UInt8.self).flatMap(IdentityWindow.init(rawValue:)),
            let bound = IdentityWindow.bound(&cursor, version: version), let hasDropped = cursor.integer(UInt8.self),
            let droppedLatest = cursor.integer(Int64.self), let count = cursor.integer(UInt32.self)
        else { return nil }
        self.init(window)
        var counts: [Commit] = []
        for _ in 0..<count {
            guard let times = IdentityTimes(&cursor, version: version), let count = cursor.integer(UInt32.self) else {
                return nil
            }
            counts.append(Commit(times: times, count: Int(count)))
        }
        for commit in counts {
            guard let identities = RecordIdentity.list(commit.count, &cursor) else { return nil }
            add(commit.times, identities)
        }
        self.bound = bound
        self.droppedLatest = hasDropped == 1 ? droppedLatest : nil
    }
}

extension IdentityUpdate {
    var encodedLength: Int {
        commits.reduce(1 + 1 + 4 + 1 + 8 + 4) { $0 + IdentityTimes.encodedLength + 4 + 16 * $1.identities.count }
    }

    func encode(into store: ByteStore) {
        store.append(byte: window.rawValue)
        store.append(byte: empties ? 1 : 0)
        store.append(UInt32(bound))
        store.append(byte: droppedLatest == nil ? 0 : 1)
        store.append(droppedLatest ?? 0)
        store.append(UInt32(commits.count))
        for commit in commits {
            commit.times.encode(into: store)
            store.append(UInt32(commit.identities.count))
            for identity in commit.identities { identity.encode(into: store) }
        }
    }

    /// Decodes an update. Nil if the bytes are not valid in a journal of this version.
    init?(_ cursor: inout ByteCursor, version: UInt32) {
        guard let window = cursor.integer(UInt8.self).flatMap(IdentityWindow.init(rawValue:)),
            let empties = cursor.integer(UInt8.self), let bound = IdentityWindow.bound(&cursor, version: version)
        else { return nil }
        var dropped: Int64?
        if version >= 3 {
            guard let hasDropped = cursor.integer(UInt8.self), let latest = cursor.integer(Int64.self) else {
                return nil
            }
            dropped = hasDropped == 1 ? latest : nil
        }
        var commits: [IdentityCommit] = []
        // In version 2, an update had exactly one commit, and no count.
        guard let count = version >= 3 ? cursor.integer(UInt32.self) : 1 else { return nil }
        for _ in 0..<count {
            guard let times = IdentityTimes(&cursor, version: version), let count = cursor.integer(UInt32.self),
                let identities = RecordIdentity.list(Int(count), &cursor)
            else { return nil }
            commits.append(IdentityCommit(times: times, identities: identities))
        }
        self.init(
            window: window, empties: empties == 1, bound: bound, droppedLatest: dropped, commits: commits)
    }
}

extension IdentityTimes {
    static let encodedLength = 8 + 8

    fileprivate func encode(into store: ByteStore) {
        store.append(earliest)
        store.append(latest)
    }

    /// Reads the times of a commit. Version 2 of the format had only one time per commit.
    fileprivate init?(_ cursor: inout ByteCursor, version: UInt32) {
        guard let earliest = cursor.integer(Int64.self) else { return nil }
        guard let latest = version >= 3 ? cursor.integer(Int64.self) : earliest else { return nil }
        self.init(earliest: earliest, latest: latest)
    }
}

extension IdentityWindow {
    /// Reads the bound on the number of identities. In version 2, a bound on time follows, which is read and ignored. So the window can remember more
    /// identities than in version 2, which does no harm.
    fileprivate static func bound(_ cursor: inout ByteCursor, version: UInt32) -> Int? {
        guard let count = cursor.integer(UInt32.self), count <= restoredBound else { return nil }
        if version < 3 {
            guard cursor.integer(UInt8.self) != nil, cursor.integer(Int64.self) != nil else { return nil }
        }
        return Int(count)
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

extension [IdentityCommit] {
    /// This list merged with `others`, in the order of Okta's log. Nil if fewer than `leastCommon` common identities are in the same order in both
    /// lists; the caller then appends `others`.
    ///
    /// The order matters: a window drops its oldest commits first, and the collector's search for remembered events starts at the oldest commits that
    /// the window still has. Older identities must precede newer ones. Otherwise the search could start before an event that the window has dropped,
    /// and that event would be collected twice. So an event that Okta stored twice, at distant places of the log, must not decide the order.
    func merged(with others: [IdentityCommit], leastCommon: Int) -> [IdentityCommit]? {
        let held = Set(lazy.flatMap(\.identities))
        let rest = others.flatMap { commit in commit.identities.map { (identity: $0, times: commit.times) } }
        var all: [RecordIdentity: Int] = [:]
        for (position, entry) in rest.enumerated() where held.contains(entry.identity) {
            all[entry.identity] = position
        }
        let positions = Set(Self.longestIncrease(lazy.flatMap(\.identities).compactMap { all[$0] }))
        guard positions.count >= Swift.max(1, leastCommon) else { return nil }
        var merged: [IdentityCommit] = []
        var next = 0
        for var commit in self {
            // Among the other commits, find the last identity that is also in this commit. All identities up to that one belong to events that are
            // not later than the events of this commit.
            if let last = commit.identities.lazy.compactMap({ all[$0] }).filter(positions.contains).max(), last >= next
            {
                let added = rest[next..<last].filter { !held.contains($0.identity) }
                commit.identities.insert(contentsOf: added.map(\.identity), at: 0)
                for entry in added { commit.times.extend(to: entry.times) }
                next = last + 1
            }
            merged.append(commit)
        }
        for commit in others.dropping(first: next) {
            merged.append(
                IdentityCommit(times: commit.times, identities: commit.identities.filter { !held.contains($0) }))
        }
        return merged
    }

    /// The longest increasing subsequence of the numbers.
    private static func longestIncrease(_ numbers: some Sequence<Int>) -> [Int] {
        let numbers = [Int](numbers)
        // For each length, the index of the smallest number with which a subsequence of that length can end.
        var ends: [Int] = []
        // For each number, the index of the number before it in its longest subsequence.
        var before: [Int?] = []
        for (index, number) in numbers.enumerated() {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if numbers[ends[middle]] < number { low = middle + 1 } else { high = middle }
            }
            before.append(low == 0 ? nil : ends[low - 1])
            if low == ends.count { ends.append(index) } else { ends[low] = index }
        }
        var longest: [Int] = []
        var at = ends.last
        while let index = at {
            longest.append(numbers[index])
            at = before[index]
        }
        return longest.reversed()
    }

    private func dropping(first number: Int) -> [IdentityCommit] {
        var number = number
        return compactMap { commit in
            let dropped = Swift.min(number, commit.identities.count)
            number -= dropped
            guard dropped < commit.identities.count else { return nil }
            return IdentityCommit(
                times: commit.times, identities: [RecordIdentity](commit.identities.dropFirst(dropped)))
        }
    }
}

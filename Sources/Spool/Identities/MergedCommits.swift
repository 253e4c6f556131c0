extension [IdentityCommit] {
    /// These commits and what the others add to them, in the order of the log; nil when no identity is in both, so that the others
    /// simply follow.
    ///
    /// The order matters: a window forgets from its front, and a search starts where the oldest commits stand that it still has. An older
    /// identity after a newer one would make a search start before an event that the window has forgotten, and that event would come twice.
    func merged(with others: [IdentityCommit]) -> [IdentityCommit]? {
        let held = Set(lazy.flatMap(\.identities))
        let rest = others.flatMap { commit in commit.identities.map { (identity: $0, times: commit.times) } }
        guard rest.contains(where: { held.contains($0.identity) }) else { return nil }
        var positions: [RecordIdentity: Int] = [:]
        for (position, entry) in rest.enumerated() { positions[entry.identity] = position }
        var merged: [IdentityCommit] = []
        var next = 0
        for var commit in self {
            // Up to the last identity that is in this commit too, the others' events came no later than this commit's.
            if let last = commit.identities.lazy.compactMap({ positions[$0] }).max(), last >= next {
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

extension [IdentityCommit] {
    /// This list merged with `others`, in the order of the log. Nil if the two lists have no identity in common; the caller then appends `others`.
    ///
    /// The order matters: a window drops its oldest commits first, and a search starts at the oldest commits that the window still has. Older
    /// identities must precede newer ones. Otherwise a search could start before an event that the window has dropped, and that event would be
    /// collected twice.
    func merged(with others: [IdentityCommit]) -> [IdentityCommit]? {
        let held = Set(lazy.flatMap(\.identities))
        let rest = others.flatMap { commit in commit.identities.map { (identity: $0, times: commit.times) } }
        guard rest.contains(where: { held.contains($0.identity) }) else { return nil }
        var positions: [RecordIdentity: Int] = [:]
        for (position, entry) in rest.enumerated() { positions[entry.identity] = position }
        var merged: [IdentityCommit] = []
        var next = 0
        for var commit in self {
            // Among the other commits, find the last identity that is also in this commit. All identities up to that one belong to events that are
            // not later than the events of this commit.
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

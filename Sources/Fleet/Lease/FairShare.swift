/// How many integrations one host of a fleet should take or release now. A plain value, the same on every host that sees the same fleet.
///
/// With n integrations and h hosts that do not drain, each host has n/h rounded down, and some one more. A host takes what no host holds up to that. It
/// releases what it has above n/h rounded up, and its one more if another host has too few and nothing else would reach that host.
struct FairShare {
    /// n/h rounded down, and rounded up.
    let least: Int
    let most: Int
    /// What this host has, including what it is releasing.
    private let own: Int
    private let host: String
    /// What each host has that does not drain, this one included.
    private let held: [String: Int]
    /// What no host holds, and what hosts that drain still hold.
    private let free: Int
    private let draining: Int

    /// - Parameters:
    ///   - host: this host, which does not drain.
    ///   - held: what each host has, by its name.
    ///   - members: the hosts that do not drain, this one included.
    ///   - free: how many integrations no host holds.
    init(host: String, held: [String: Int], members: Set<String>, free: Int) {
        let total = held.values.reduce(free, +)
        let hosts = max(1, members.count)
        least = total / hosts
        most = (total + hosts - 1) / hosts
        self.host = host
        self.free = free
        own = held[host] ?? 0
        self.held = Dictionary(uniqueKeysWithValues: members.map { ($0, held[$0] ?? 0) })
        draining = held.filter { !members.contains($0.key) }.values.reduce(0, +)
    }

    /// How many of the free ones this host takes.
    var toTake: Int {
        let base = max(0, least - own)
        guard own + base == least, most > least else { return min(base, free) }
        let wanted = held.reduce(base) { sum, other in
            other.key == host ? sum : sum + max(0, least - other.value)
        }
        return min(free, free > wanted ? base + 1 : base)
    }

    /// How many this host releases, counting what it is already releasing.
    var toRelease: Int {
        if own > most { return own - most }
        guard own == most, most > least else { return 0 }
        // Others lack so many, and so many come to them without this host's doing.
        let lacking = held.values.reduce(0) { $0 + max(0, least - $1) }
        let coming = free + draining + held.values.reduce(0) { $0 + max(0, $1 - most) }
        let givers = held.filter { $0.value == most }.keys.sorted()
        let place = givers.firstIndex(of: host) ?? givers.count
        return place < lacking - coming ? 1 : 0
    }
}

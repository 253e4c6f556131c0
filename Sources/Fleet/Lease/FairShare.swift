/// Computes how many integrations one host of a fleet should take or release now. A plain value: the result depends only on the host and on the fleet
/// as the host sees it.
///
/// With n integrations and h hosts that do not drain, each host should have n/h integrations, rounded down, and some hosts one more. A host takes
/// unheld integrations up to n/h, rounded down. It takes one more if unheld integrations remain after every host has reached n/h, rounded down. A
/// host with more than n/h, rounded up, releases the surplus. A host with exactly n/h, rounded up, releases one integration if another host has too
/// few and will get none from elsewhere.
struct FairShare {
    /// n/h, rounded down: the minimum number of integrations that each host should have.
    let least: Int
    /// n/h, rounded up: the maximum that a host should have.
    let most: Int
    /// The number of integrations that this host has, including those that it is releasing.
    private let own: Int
    private let host: String
    /// The number of integrations of each host that does not drain, including this one.
    private let held: [String: Int]
    /// The number of integrations that no host holds.
    private let free: Int
    /// The number of integrations that draining hosts still hold.
    private let draining: Int

    /// - Parameters:
    ///   - host: this host, which does not drain.
    ///   - held: how many integrations each host has, by the name of the host.
    ///   - members: the hosts that do not drain, including this one.
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

    /// How many free integrations this host takes.
    var toTake: Int {
        let base = max(0, least - own)
        guard own + base == least, most > least else { return min(base, free) }
        let wanted = held.reduce(base) { sum, other in
            other.key == host ? sum : sum + max(0, least - other.value)
        }
        return min(free, free > wanted ? base + 1 : base)
    }

    /// How many integrations this host releases, including those that it is already releasing.
    var toRelease: Int {
        if own > most { return own - most }
        guard own == most, most > least else { return 0 }
        // How many integrations the other hosts need to reach their fair share, and how many they will get even if this host releases none.
        let lacking = held.values.reduce(0) { $0 + max(0, least - $1) }
        let coming = free + draining + held.values.reduce(0) { $0 + max(0, $1 - most) }
        let givers = held.filter { $0.value == most }.keys.sorted()
        let place = givers.firstIndex(of: host) ?? givers.count
        return place < lacking - coming ? 1 : 0
    }
}

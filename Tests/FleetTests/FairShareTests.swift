import Testing

@testable import Fleet

@Suite("a host's fair share")
struct FairShareTests {
    /// How many integrations each host holds, how many are free, and how many each host takes or releases. A `*` after a name means that the host
    /// drains.
    struct Row: Sendable, CustomTestStringConvertible {
        let held: [String: Int]
        let free: Int
        let takes: [String: Int]
        let releases: [String: Int]

        init(_ held: [String: Int], free: Int = 0, takes: [String: Int] = [:], releases: [String: Int] = [:]) {
            self.held = held
            self.free = free
            self.takes = takes
            self.releases = releases
        }

        var testDescription: String {
            "\(held.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) free \(free)"
        }
    }

    static let rows = [
        Row(["a": 0], free: 10, takes: ["a": 10]),
        Row(["a": 0, "b": 0], free: 10, takes: ["a": 5, "b": 5]),
        Row(["a": 5, "b": 5]),
        // Host c joins. The hosts a and b release integrations until c has its share.
        Row(["a": 5, "b": 5, "c": 0], releases: ["a": 1, "b": 1]),
        Row(["a": 4, "b": 4, "c": 0], free: 2, takes: ["c": 2], releases: ["a": 1]),
        // 4, 4 and 2 is not fair yet, so one of the hosts a and b releases an integration.
        Row(["a": 4, "b": 4, "c": 2], releases: ["a": 1]),
        Row(["a": 3, "b": 4, "c": 2], free: 1, takes: ["c": 1]),
        Row(["a": 3, "b": 4, "c": 3]),
        // Host c has died. The hosts a and b take its three integrations: one host takes two, and the other takes one.
        Row(["a": 3, "b": 4], free: 3, takes: ["a": 2, "b": 1]),
        Row(["a": 5, "b": 5], free: 1, takes: ["a": 1, "b": 1]),
        // Host c drains. The other hosts take its integrations once they are free, and release none.
        Row(["a": 6, "b": 1, "c*": 4]),
        Row(["a": 6, "b": 1, "c*": 0], free: 4, takes: ["b": 4]),
        Row(["a": 0, "b*": 7]),
        // There are more hosts than integrations.
        Row(["a": 1, "b": 1, "c": 0]),
        Row(["a": 2, "b": 0, "c": 0], releases: ["a": 1]),
        Row(["a": 0, "b": 0, "c": 0], free: 1, takes: ["a": 1, "b": 1, "c": 1]),
        Row(["a": 0, "b": 0]),
    ]

    @Test("a host takes and releases integrations until its share is fair", arguments: rows)
    func shares(row: Row) {
        let held = Dictionary(uniqueKeysWithValues: row.held.map { ($0.key.filter { $0 != "*" }, $0.value) })
        let members = Set(row.held.keys.filter { !$0.hasSuffix("*") })
        for host in members {
            let share = FairShare(host: host, held: held, members: members, free: row.free)
            #expect(share.toTake == row.takes[host] ?? 0, "\(host) takes")
            #expect(share.toRelease == row.releases[host] ?? 0, "\(host) releases")
        }
    }

    @Test("the digest of a set of names does not depend on their order, and differs for other names")
    func digest() {
        #expect(HostPreference.digest(of: ["a", "b", "c"]) == HostPreference.digest(of: ["c", "a", "b"]))
        #expect(HostPreference.digest(of: ["ab", "c"]) != HostPreference.digest(of: ["a", "bc"]))
        // Hosts of different versions compare their digests, so every version must compute the same digest.
        #expect(HostPreference.digest(of: ["acme", "globex"]) == "1b21e02aa0736b42")
    }
}

import Glibc
import Spool

/// Measures how fast a writer finds an identity in a window of identities, and how fast it adds new identities to the window.
struct IdentityRun {
    let directory: String
    let count: Int

    func run() throws {
        guard let window = IdentityWindow(rawValue: 0) else { return }
        let settings = Workload.settings(directory)
        let spool = try Spool(
            settings, fileSystem: CountingFileSystem(synchronizes: false), now: Workload.now())
        let writer = try spool.writer(integration: "org", scratch: SpoolScratch(), now: Workload.now())
        writer.bound(window, count: count)
        var generator = SystemRandomNumberGenerator()
        let identities = (0..<2 * count).map { _ in
            RecordIdentity(high: generator.next(), low: generator.next())
        }
        let rounds = max(1, 4_000_000 / count)
        let start = Workload.seconds()
        for first in stride(from: 0, to: count, by: 1_000) {
            for identity in identities[first..<min(first + 1_000, count)] { writer.remember(identity, in: window) }
            try writer.commit(cursor: "\(first)", at: Workload.now())
        }
        let remembered = Workload.seconds()
        var found = 0
        for _ in 0..<rounds {
            for identity in identities[..<count] where writer.knows(identity, in: window) { found += 1 }
        }
        let known = Workload.seconds()
        for _ in 0..<rounds {
            for identity in identities[count...] where writer.knows(identity, in: window) { found += 1 }
        }
        let unknown = Workload.seconds()
        guard found == rounds * count else {
            throw SpoolError.tooMuch(what: "wrong results of identity lookups", limit: 0)
        }
        func nanoseconds(_ seconds: Double, _ calls: Int) -> String {
            "\((seconds / Double(calls) * 1e10).rounded() / 10)"
        }
        print(
            [
                nanoseconds(known - remembered, rounds * count), nanoseconds(unknown - known, rounds * count),
                nanoseconds(remembered - start, count),
            ].joined(separator: "\t"))
    }
}

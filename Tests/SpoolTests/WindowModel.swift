import Testing

@testable import Spool

/// The expected contents of an integration's windows at a cursor of the simulated collection, computed from all commits up to it.
struct WindowModel {
    struct Window {
        var commits: [(times: IdentityTimes, numbers: [Int])] = []
        var droppedLatest: Int64?
        var numbers: [Int] { commits.flatMap(\.numbers) }

        mutating func limit(to bound: Int) {
            commits.removeAll { $0.numbers.isEmpty }
            while let first = commits.first, numbers.count - first.numbers.count >= bound {
                droppedLatest = max(droppedLatest ?? .min, first.times.latest)
                commits.removeFirst()
            }
        }

        func earliest(_ depths: Range<Int>) -> Int64? {
            // One time for each identity, the newest identity first.
            let times = commits.reversed().flatMap { commit in commit.numbers.map { _ in commit.times.earliest } }
            guard times.count >= depths.upperBound else { return nil }
            return times.enumerated().filter { depths.contains($0.offset) }.map(\.element).min()
        }
    }

    /// Four windows:
    /// - `bounded` keeps at least the newest ten identities.
    /// - `emptied` is emptied at every second commit.
    /// - `moved` keeps at least the newest two identities, which are moved to the end of `target` at every third commit.
    /// - `target` keeps at least the newest five identities.
    enum Name: UInt8, CaseIterable {
        case bounded = 0
        case emptied = 7
        case moved = 3
        case target = 5

        var bound: Int? {
            switch self {
            case .bounded: 10
            case .moved: 2
            case .target: 5
            case .emptied: nil
            }
        }

        func remembers(_ number: Int) -> Bool {
            switch self {
            case .bounded: true
            case .emptied: number % 3 == 0
            case .moved: number % 2 == 0
            case .target: number % 4 == 1
            }
        }

        func window() throws -> IdentityWindow { try #require(IdentityWindow(rawValue: rawValue)) }
    }

    static func identity(_ number: Int) -> RecordIdentity {
        // Many identities have the same lower half, so that a search has to compare the upper halves.
        RecordIdentity(high: UInt64(number), low: UInt64(number % 3))
    }

    /// Invented times of a commit. They grow and fall from commit to commit, and the earliest time does not depend on the latest.
    static func times(from start: Int) -> IdentityTimes {
        IdentityTimes(earliest: Int64(start * 11 % 19), latest: Int64(100 + start * 13 % 19))
    }

    static func bound(_ writer: SpoolWriter) throws {
        for name in Name.allCases {
            if let bound = name.bound { writer.bound(try name.window(), count: bound) }
        }
    }

    /// Changes the writer's windows as the commit of these numbers requires, and does not commit. Returns the times for the commit.
    static func remember(_ numbers: Range<Int>, in writer: SpoolWriter) throws -> IdentityTimes {
        for name in Name.allCases {
            let window = try name.window()
            for number in numbers where name.remembers(number) { writer.remember(identity(number), in: window) }
        }
        if isEmptying(numbers) { writer.forget(try Name.emptied.window()) }
        if isMoving(numbers) { writer.move(try Name.moved.window(), to: try Name.target.window()) }
        return times(from: numbers.lowerBound)
    }

    private static func isEmptying(_ numbers: Range<Int>) -> Bool { numbers.upperBound % 8 == 0 }
    private static func isMoving(_ numbers: Range<Int>) -> Bool { numbers.upperBound % 12 == 0 }

    private var windows: [Name: Window] = [:]

    init(cursor: Int, batch: Int) {
        for name in Name.allCases { windows[name] = Window() }
        for start in stride(from: 0, to: cursor, by: batch) {
            let numbers = start..<min(start + batch, cursor)
            if Self.isEmptying(numbers) { windows[.emptied] = Window() }
            for name in Name.allCases {
                windows[name]?.commits.append((Self.times(from: start), numbers.filter(name.remembers)))
            }
            if Self.isMoving(numbers), let moved = windows[.moved], var target = windows[.target] {
                target.commits += moved.commits
                target.droppedLatest = [moved.droppedLatest, target.droppedLatest].compactMap(\.self).max()
                (windows[.target], windows[.moved]) = (target, Window())
            }
            for name in Name.allCases { windows[name]?.limit(to: name.bound ?? .max) }
        }
    }

    /// Checks that the writer's windows contain exactly the identities and times of this model, in the same order.
    func expect(_ writer: SpoolWriter, total: Int, _ context: String) throws {
        for (name, model) in windows {
            let window = try name.window()
            let context = "\(context): \(name) at cursor \(writer.cursor ?? "none")"
            #expect(writer.identityList(window) == model.numbers.map(Self.identity), "\(context)")
            let known = Set(model.numbers)
            for number in 0..<total where writer.knows(Self.identity(number), in: window) != known.contains(number) {
                Issue.record("\(context): \(number)")
            }
            #expect(writer.identityCount(window) == model.numbers.count, "\(context)")
            #expect(writer.identityCounts[window] ?? 0 == model.numbers.count, "\(context)")
            #expect(writer.droppedLatest(window) == model.droppedLatest, "\(context)")
            #expect(writer.latest(window) == model.commits.map(\.times.latest).max(), "\(context)")
            for depths in [0..<1, 2..<5, 4..<9, 9..<40] {
                #expect(writer.earliest(window, depths: depths) == model.earliest(depths), "\(context), \(depths)")
            }
        }
    }
}

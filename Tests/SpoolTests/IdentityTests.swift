import CollectionSimulation
import Foundation
import Glibc
import Testing

@testable import Spool

@Suite("Identities of records")
struct IdentityTests {
    typealias Simulation = SimulatedCollection

    private func window(_ number: UInt8) throws -> IdentityWindow { try #require(IdentityWindow(rawValue: number)) }

    private func remember(_ numbers: some Sequence<Int>, in window: IdentityWindow, _ writer: SpoolWriter) {
        for number in numbers { writer.remember(WindowModel.identity(number), in: window) }
    }

    private func commit(_ writer: SpoolWriter, _ earliest: Int64 = 0, _ latest: Int64 = 0) throws {
        try writer.commit(
            cursor: writer.cursor ?? "0", times: IdentityTimes(earliest: earliest, latest: latest),
            at: Simulation.instant())
    }

    private func known(_ writer: SpoolWriter, in window: IdentityWindow, below end: Int = 100) -> [Int] {
        (0..<end).filter { writer.knows(WindowModel.identity($0), in: window) }
    }

    /// The durable identities of a window, the oldest first.
    private func list(_ writer: SpoolWriter, _ window: IdentityWindow) -> [Int] {
        writer.identityList(window).map { Int($0.high) }
    }

    @Test(
        "identities are known immediately and durable with their commit; if the commit fails or is discarded, they are forgotten"
    )
    func rememberAndDiscard() throws {
        let collection = try Simulation()
        let fileSystem = ScriptedFileSystem()
        let window = try window(1)
        do {
            let writer = try collection.open(fileSystem)
            remember([1], in: window, writer)
            #expect(known(writer, in: window) == [1])
            #expect(writer.identityCount(window) == 0)
            writer.discard()
            #expect(known(writer, in: window) == [])
            remember([2, 3], in: window, writer)
            try commit(writer)
            fileSystem.script { _, operation, _ in operation == .write ? .fail(ENOSPC) : nil }
            writer.forget(window)
            remember([4], in: window, writer)
            #expect(throws: SpoolError.self) { try commit(writer) }
            #expect(known(writer, in: window) == [2, 3])
            fileSystem.script { _, _, _ in nil }
            try writer.commit(cursor: "next", at: Simulation.instant())
            #expect(known(writer, in: window) == [2, 3])
        }
        #expect(known(try collection.open(fileSystem), in: window) == [2, 3])
    }

    @Test("a window does not know the identities of other windows")
    func apart() throws {
        let collection = try Simulation()
        defer { withExtendedLifetime(collection) {} }
        let writer = try collection.open(ScriptedFileSystem())
        remember([1], in: try window(0), writer)
        remember([2], in: try window(1), writer)
        for _ in 0..<2 {
            #expect(known(writer, in: try window(0)) == [1])
            #expect(known(writer, in: try window(1)) == [2])
            #expect(known(writer, in: try window(2)) == [])
            try commit(writer)
        }
    }

    @Test(
        "a commit can empty a window without adding records; other windows, and identities that the same commit adds, are kept"
    )
    func forget() throws {
        let collection = try Simulation()
        let (first, second) = (try window(0), try window(1))
        do {
            let writer = try collection.open(ScriptedFileSystem())
            remember(0..<5, in: first, writer)
            remember(3..<8, in: second, writer)
            try commit(writer)
            let before = writer.unsealed.journalBytes
            writer.forget(first)
            #expect(known(writer, in: first) == Array(0..<5))
            try commit(writer)
            #expect(writer.unsealed.journalBytes > before)
            #expect(known(writer, in: first) == [])
            #expect(known(writer, in: second) == Array(3..<8))
            remember([9], in: second, writer)
            writer.forget(second)
            try commit(writer)
            #expect(known(writer, in: second) == [9])
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(known(writer, in: first) == [])
        #expect(known(writer, in: second) == [9])
    }

    @Test(
        "a move appends one window's identities with their times to another window; if its commit fails, nothing is moved"
    )
    func move() throws {
        let collection = try Simulation()
        let fileSystem = ScriptedFileSystem()
        let (source, target) = (try window(4), try window(2))
        do {
            let writer = try collection.open(fileSystem)
            writer.bound(source, count: 3)
            writer.bound(target, count: 6)
            for (numbers, target, source) in [([1], target, source), ([3, 4], target, source)] {
                remember(numbers, in: target, writer)
                remember(numbers.map { $0 + 10 }, in: source, writer)
                try commit(writer, Int64(numbers[0]), Int64(numbers[0] * 100))
            }
            writer.move(source, to: target)
            writer.discard()
            fileSystem.script { _, operation, _ in operation == .write ? .fail(ENOSPC) : nil }
            writer.move(source, to: target)
            #expect(throws: SpoolError.self) { try commit(writer) }
            fileSystem.script { _, _, _ in nil }
            try writer.commit(cursor: "next", at: Simulation.instant())
            #expect(list(writer, source) == [11, 13, 14])
            #expect(list(writer, target) == [1, 3, 4])

            // This commit moves a window, and adds an identity to both windows. The target then exceeds its bound, so it drops its oldest commit.
            remember([5], in: target, writer)
            remember([15], in: source, writer)
            writer.move(source, to: target)
            try commit(writer, 7, 700)
            #expect(list(writer, source) == [])
            #expect(list(writer, target) == [3, 4, 5, 11, 13, 14, 15])
        }
        let writer = try collection.open(fileSystem)
        #expect(list(writer, source) == [])
        #expect(writer.droppedLatest(source) == nil)
        #expect(list(writer, target) == [3, 4, 5, 11, 13, 14, 15])
        #expect(writer.droppedLatest(target) == 100)
        #expect((0..<7).map { writer.earliest(target, depths: $0..<$0 + 1) } == [7, 3, 3, 1, 7, 3, 3])
        // The move has not changed the bound of either window.
        remember(20..<26, in: source, writer)
        try commit(writer)
        remember(26..<29, in: source, writer)
        remember(30..<36, in: target, writer)
        try commit(writer)
        #expect(list(writer, source) == [26, 27, 28])
        #expect(list(writer, target) == Array(30..<36))
    }

    @Test("after a window was moved, a second move in the same commit takes only what was moved there since")
    func movesInOneCommit() throws {
        let collection = try Simulation()
        let (first, second, third, fourth) = (try window(0), try window(1), try window(4), try window(5))
        let writer = try collection.open(ScriptedFileSystem())
        remember([1, 2], in: first, writer)
        remember([3], in: second, writer)
        try commit(writer)
        writer.move(first, to: third)
        writer.move(second, to: first)
        writer.move(first, to: fourth)
        try commit(writer)
        #expect(list(writer, first) == [] && list(writer, second) == [])
        #expect(list(writer, third) == [1, 2])
        #expect(list(writer, fourth) == [3])
    }

    @Test(
        "a merge sorts the identities of both windows in the order of the log, so that the oldest are forgotten first")
    func merge() throws {
        let collection = try Simulation()
        let fileSystem = ScriptedFileSystem()
        let (tail, main) = (try window(1), try window(0))
        do {
            let writer = try collection.open(fileSystem)
            writer.bound(main, count: 6)
            // The tail has passed 4 to 9, and 90, which Okta stored late. The main way has passed 1 to 8, and passes 9 and 10 below.
            for (numbers, window) in [
                ([1, 2, 3], main), ([4, 5], tail), ([6, 90, 7], tail), ([4, 5, 6], main), ([8, 9], tail),
                ([7, 8], main),
            ] {
                remember(numbers, in: window, writer)
                try commit(writer, Int64(numbers[0]), Int64(numbers[0]))
            }
            #expect(list(writer, main) == [1, 2, 3, 4, 5, 6, 7, 8])
            remember([9, 10], in: main, writer)
            writer.merge(tail, into: main, leastCommon: 1)
            try commit(writer, 10, 10)
            #expect(list(writer, tail) == [])
            #expect(list(writer, main) == [4, 5, 6, 90, 7, 8, 9, 10])
        }
        let writer = try collection.open(fileSystem)
        #expect(list(writer, main) == [4, 5, 6, 90, 7, 8, 9, 10])
        #expect(writer.droppedLatest(main) == 1)
        // Identity 90 keeps the time of the commit that added it.
        #expect(writer.earliest(main, depths: 2..<5) == 6)
        remember([11, 12, 13], in: main, writer)
        try commit(writer)
        #expect(list(writer, main) == [90, 7, 8, 9, 10, 11, 12, 13])
    }

    @Test("an identity that is in both windows at distant places does not decide the order of the others")
    func mergeWithRepeat() throws {
        for (least, merged) in [(1, [1, 2, 3, 57, 4, 5, 50, 51, 52, 53, 54, 55, 56, 58]), (4, nil)] {
            let collection = try Simulation()
            let (tail, main) = (try window(1), try window(0))
            let writer = try collection.open(ScriptedFileSystem())
            for numbers in [[1, 2], [3, 57], [4, 5], [50, 51, 52]] {
                remember(numbers, in: main, writer)
                try commit(writer)
            }
            for numbers in [[50, 51, 52, 53], [54, 55, 56], [57, 58]] {
                remember(numbers, in: tail, writer)
                try commit(writer)
            }
            writer.merge(tail, into: main, leastCommon: least)
            try commit(writer)
            #expect(list(writer, main) == merged ?? [1, 2, 3, 57, 4, 5, 50, 51, 52] + Array(50...58))
        }
    }

    @Test("a merge of windows without common identities has the same effect as a move")
    func mergeApart() throws {
        let collection = try Simulation()
        let (tail, main) = (try window(1), try window(0))
        let writer = try collection.open(ScriptedFileSystem())
        remember([1, 2], in: main, writer)
        remember([5, 6], in: tail, writer)
        try commit(writer)
        writer.merge(tail, into: main, leastCommon: 1)
        try commit(writer)
        #expect(list(writer, main) == [1, 2, 5, 6])
        #expect(list(writer, tail) == [])
    }

    @Test("after a move, identities that the source had dropped also count as dropped by the target")
    func moveDropped() throws {
        let collection = try Simulation()
        let (source, target) = (try window(4), try window(2))
        do {
            let writer = try collection.open(ScriptedFileSystem())
            writer.bound(source, count: 1)
            for (number, latest) in [(1, 500), (2, 100)] as [(Int, Int64)] {
                remember([number], in: source, writer)
                try commit(writer, 0, latest)
            }
            #expect(writer.droppedLatest(source) == 500)
            writer.move(source, to: target)
            try commit(writer)
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(list(writer, target) == [2])
        #expect(writer.droppedLatest(target) == 500)
        #expect(writer.droppedLatest(source) == nil)
    }

    @Test(
        "a window drops its oldest identities, a whole commit at a time, and remembers the latest time of what it dropped"
    )
    func boundByCount() throws {
        let collection = try Simulation()
        let window = try window(2)
        do {
            let writer = try collection.open(ScriptedFileSystem())
            writer.bound(window, count: 6)
            remember(0..<4, in: window, writer)
            try commit(writer, 1, 30)
            remember(4..<8, in: window, writer)
            try commit(writer, 2, 20)
            #expect(known(writer, in: window) == Array(0..<8))
            #expect(writer.droppedLatest(window) == nil)
            remember(8..<10, in: window, writer)
            try commit(writer, 3, 10)
            #expect(known(writer, in: window) == Array(4..<10))
            #expect(writer.droppedLatest(window) == 30)
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(known(writer, in: window) == Array(4..<10))
        #expect(writer.droppedLatest(window) == 30)
        writer.bound(window, count: 2)
        #expect(known(writer, in: window) == [8, 9])
        // The result is the largest time of all dropped commits, not the time of the commit that was dropped last.
        #expect(writer.droppedLatest(window) == 30)
        writer.forget(window)
        try commit(writer)
        #expect(writer.droppedLatest(window) == nil)
    }

    @Test("the earliest time of a range of identities is the earliest time of the commits that contain them")
    func earliest() throws {
        let collection = try Simulation()
        defer { withExtendedLifetime(collection) {} }
        let writer = try collection.open(ScriptedFileSystem())
        let window = try window(6)
        #expect(writer.earliest(window, depths: 0..<10) == nil)
        for (numbers, earliest) in [(0..<4, 40), (4..<7, 20), (7..<12, 90)] as [(Range<Int>, Int64)] {
            remember(numbers, in: window, writer)
            try commit(writer, earliest, 1_000)
        }
        let expected: [(Range<Int>, Int64?)] = [
            (0..<1, 90), (0..<5, 90), (0..<6, 20), (4..<6, 20), (5..<8, 20), (7..<9, 20), (8..<9, 40), (11..<12, 40),
            (11..<20, nil), (12..<20, nil),
        ]
        for (depths, earliest) in expected { #expect(writer.earliest(window, depths: depths) == earliest, "\(depths)") }
    }

    @Test("if an identity was added twice, it is known until the window drops its second occurrence")
    func severalPlaces() throws {
        let collection = try Simulation()
        defer { withExtendedLifetime(collection) {} }
        let writer = try collection.open(ScriptedFileSystem())
        let (first, second) = (try window(0), try window(1))
        writer.bound(first, count: 2)
        remember([1, 1], in: first, writer)
        try commit(writer)
        remember([1], in: second, writer)
        try commit(writer)
        remember([2, 1], in: first, writer)
        try commit(writer)
        #expect(writer.identityCounts == [first: 2, second: 1])
        #expect(known(writer, in: first) == [1, 2])
        remember([3, 4], in: first, writer)
        try commit(writer)
        #expect(known(writer, in: first) == [3, 4])
        #expect(known(writer, in: second) == [1])
    }

    @Test(
        "a seal copies all windows to the new journal, and their size does not make another seal due"
    )
    func carriedOverSeals() throws {
        let collection = try Simulation()
        let window = try window(5)
        for round in 0..<4 {
            let writer = try collection.open(ScriptedFileSystem())
            if round == 0 { writer.bound(window, count: 400) }
            try Simulation.append(round, to: writer)
            remember(round * 300..<(round + 1) * 300, in: window, writer)
            try commit(writer, Int64(10 + round), Int64(20 + round))
            #expect(try writer.seal(at: Simulation.instant()).count == 1)
            #expect(try writer.sealIfDue(at: Simulation.instant()).isEmpty)
            let generation = writer.journal.header.generation
            try writer.seal(at: Simulation.instant())
            #expect(writer.journal.header.generation == generation)
            #expect(
                known(writer, in: window, below: 1_200) == Array(max(0, round - 1) * 300..<(round + 1) * 300))
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(writer.droppedLatest(window) == 21)
        #expect(writer.earliest(window, depths: 0..<1) == 13)
        #expect(writer.earliest(window, depths: 0..<400) == 12)
    }

    @Test("recover() restores the windows as they were at the recovered cursor, but keeps their current bounds")
    func recover() throws {
        let collection = try Simulation()
        let writer = try collection.open(ScriptedFileSystem())
        let window = try window(0)
        remember(0..<4, in: window, writer)
        try commit(writer)
        remember(4..<8, in: window, writer)
        try commit(writer)
        let handle = try FileHandle(forUpdating: URL(filePath: writer.journal.log.file.path))
        try handle.seek(toOffset: UInt64(writer.unsealed.journalBytes - 10))
        try handle.write(contentsOf: Data([0, 1, 2]))
        remember([50], in: window, writer)
        try writer.recover(at: Simulation.instant())
        #expect(known(writer, in: window) == Array(0..<4))
        writer.bound(window, count: 0)
        try writer.recover(at: Simulation.instant())
        #expect(known(writer, in: window) == [])
    }

    @Test("a commit with too many identities is refused before anything is written")
    func tooMany() throws {
        let collection = try Simulation()
        let writer = try collection.open(ScriptedFileSystem())
        let window = try window(0)
        let before = writer.unsealed.journalBytes
        remember(0...131_072, in: window, writer)
        #expect(throws: SpoolError.tooMuch(what: "identities in a commit", limit: 131_072)) { try commit(writer) }
        #expect(writer.unsealed.journalBytes == before)
        remember(0..<131_072, in: window, writer)
        try commit(writer)
        #expect(writer.identityCounts == [window: 131_072])
    }

    @Test("an identity queue finds exactly its contents while it grows, wraps around and shrinks", arguments: 1...3)
    func queue(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = IdentityQueue()
        var expected: [RecordIdentity] = []
        for _ in 0..<400 {
            // With few different identities, many occur twice or collide in the index.
            let limit = Int.random(in: 1...300, using: &generator)
            for _ in 0..<Int.random(in: 0...60, using: &generator) {
                let identity = WindowModel.identity(Int.random(in: 0..<limit, using: &generator))
                queue.append(identity)
                expected.append(identity)
            }
            let dropped = Int.random(in: 0...min(70, expected.count), using: &generator)
            queue.removeFirst(dropped)
            expected.removeFirst(dropped)
            let known = Set(expected)
            for number in 0..<300 {
                let identity = WindowModel.identity(number)
                if queue.contains(identity) != known.contains(identity) { Issue.record("seed \(seed): \(number)") }
            }
            var listed: [RecordIdentity] = []
            queue.forEach { listed.append($0) }
            #expect(listed == expected, "seed \(seed)")
        }
    }
}

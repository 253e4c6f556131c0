import Testing

@testable import Spool

/// What an integration's windows must hold at a cursor of the simulated collection, worked out anew from all commits up to it.
struct WindowModel {
    struct Window {
        var commits: [(mark: Int64, numbers: [Int])] = []
        var droppedMark: Int64?
        var numbers: [Int] { commits.flatMap(\.numbers) }
    }

    /// The newest ten at least; by mark; emptied at every third commit.
    static let byCount = IdentityWindow(rawValue: 0), bySpan = IdentityWindow(rawValue: 3)
    static let emptied = IdentityWindow(rawValue: 7)

    static func identity(_ number: Int) -> RecordIdentity {
        // Alike in their lower halves, so that a search has to compare.
        RecordIdentity(high: UInt64(number), low: UInt64(number % 3))
    }

    static func bound(_ writer: SpoolWriter) throws {
        writer.bound(try #require(byCount), count: 10, span: nil)
        writer.bound(try #require(bySpan), count: 1_000, span: 6)
    }

    /// What the commit of these numbers remembers and forgets. Returns its mark.
    static func remember(_ numbers: Range<Int>, in writer: SpoolWriter) throws -> Int64 {
        let (byCount, bySpan, emptied) = (
            try #require(byCount), try #require(bySpan), try #require(emptied)
        )
        for number in numbers {
            writer.remember(identity(number), in: byCount)
            if number % 2 == 0 { writer.remember(identity(number), in: bySpan) }
            if number % 3 == 0 { writer.remember(identity(number), in: emptied) }
        }
        if numbers.upperBound % 12 == 0 { writer.forget(emptied) }
        return Int64(numbers.lowerBound)
    }

    private var windows = [Window(), Window(), Window()]

    init(cursor: Int, batch: Int) {
        for start in stride(from: 0, to: cursor, by: batch) {
            let numbers = start..<min(start + batch, cursor)
            let mark = Int64(start)
            windows[0].commits.append((mark, Array(numbers)))
            while let first = windows[0].commits.first, windows[0].numbers.count - first.numbers.count >= 10 {
                windows[0].droppedMark = first.mark
                windows[0].commits.removeFirst()
            }
            windows[1].commits.append((mark, numbers.filter { $0 % 2 == 0 }))
            windows[1].commits.removeAll { $0.mark < mark - 6 }
            if numbers.upperBound % 12 == 0 { windows[2] = Window() }
            windows[2].commits.append((mark, numbers.filter { $0 % 3 == 0 }))
        }
    }

    /// The writer knows these and no others.
    func expect(_ writer: SpoolWriter, total: Int, _ context: String) throws {
        let names = [try #require(Self.byCount), try #require(Self.bySpan), try #require(Self.emptied)]
        let known = Set(windows.flatMap(\.numbers))
        for number in 0..<total where writer.knows(Self.identity(number)) != known.contains(number) {
            Issue.record("\(context): \(number) at cursor \(writer.cursor ?? "none")")
        }
        for (name, window) in zip(names, windows) {
            #expect(writer.identityCounts[name] ?? 0 == window.numbers.count, "\(context)")
            #expect(writer.rememberedSince(name) == window.droppedMark.map { $0 + 1 }, "\(context)")
        }
    }
}

/// How far the replay of an integration has come, and its counts. It is committed together with the converted records.
struct ReplayPosition: Equatable {
    /// The manifest position of the segment that is being read. Between two segments: the position of the next one.
    var sequence: Int64 = 1
    /// How many lines of the segment at `sequence` have been converted.
    var line = 0
    var totals = ReplayTotals()

    private static let form = "replay/1"

    init() {}

    /// The text of this value. The journal stores it as its cursor.
    var text: String {
        let numbers = [sequence, Int64(line)] + totals.numbers.map(Int64.init)
        return ([Self.form] + numbers.map(String.init)).joined(separator: " ")
    }

    /// Reads a cursor; nil if it was not written by a replay.
    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.first == Substring(Self.form) else { return nil }
        let numbers = words.dropFirst().compactMap { Int64($0) }
        guard numbers.count == 2 + totals.numbers.count, numbers.count == words.count - 1 else { return nil }
        sequence = numbers[0]
        line = Int(numbers[1])
        totals = ReplayTotals(numbers.dropFirst(2).map(Int.init))
    }

    mutating func advance(to sequence: Int64) {
        self.sequence = sequence
        line = 0
    }
}

/// The counts of a replay.
package struct ReplayTotals: Sendable, Equatable {
    /// Records in the new spool.
    package var records = 0
    /// Events that the present mapping can't convert. They are in `_rejected/` of the new spool.
    package var rejected = 0
    /// Records without `raw_data` that were skipped, as requested.
    package var skipped = 0
    /// Segments that had been deleted before the replay reached them.
    package var gone = 0

    fileprivate var numbers: [Int] { [records, rejected, skipped, gone] }

    init() {}

    fileprivate init(_ numbers: [Int]) {
        records = numbers[0]
        rejected = numbers[1]
        skipped = numbers[2]
        gone = numbers[3]
    }

    mutating func add(_ other: ReplayTotals) {
        records += other.records
        rejected += other.rejected
        skipped += other.skipped
        gone += other.gone
    }
}

/// Some records of a segment, in a row, as the body of one request.
struct RecordBatch: Sendable, Equatable {
    /// What is sent.
    private(set) var body: [UInt8] = []
    /// Where each record's part of the body ends.
    private var ends: [Int] = []
    /// The number of the first record, as the segment counts them from 1.
    let first: Int

    init(first: Int) { self.first = first }

    /// Records in it.
    var count: Int { ends.count }
    /// The number of the last record.
    var last: Int { first + ends.count - 1 }

    /// Adds the next record's part of the body.
    mutating func append(_ part: [UInt8]) {
        body += part
        ends.append(body.count)
    }

    /// The same records in two requests; `nil` for a single record.
    var halves: (RecordBatch, RecordBatch)? {
        guard count > 1 else { return nil }
        let middle = count / 2
        let border = ends[middle - 1]
        var left = RecordBatch(first: first)
        left.body = Array(body[..<border])
        left.ends = Array(ends[..<middle])
        var right = RecordBatch(first: first + middle)
        right.body = Array(body[border...])
        right.ends = ends[middle...].map { $0 - border }
        return (left, right)
    }
}

/// Consecutive records of a segment as the body of one request.
struct RecordBatch: Sendable, Equatable {
    /// The request's body.
    private(set) var body: [UInt8] = []
    /// For each record, the offset in the body at which its bytes end.
    private var ends: [Int] = []
    /// The number of the batch's first record, counted from 1 in the segment.
    let first: Int

    init(first: Int) { self.first = first }

    /// The number of records.
    var count: Int { ends.count }
    /// The number of the last record.
    var last: Int { first + ends.count - 1 }

    /// Appends the bytes of the next record to the body.
    mutating func append(_ part: [UInt8]) {
        body += part
        ends.append(body.count)
    }

    /// The batch divided into two; `nil` for a single record.
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

import Spool

/// Cuts a segment into batches of whole records. The same segment and limit always give the same batches.
final class BatchCutter {
    private let lines: SegmentLines
    private let encode: (UnsafeRawBufferPointer, Int) -> [UInt8]
    private var number: Int
    /// The first record of the next batch, if it did not fit into the previous one.
    private var carried: [UInt8]?

    /// - Parameters:
    ///   - records: the number of records to skip at the start.
    ///   - encode: gets a record and its number, and returns the bytes that the record adds to a request's body.
    init(
        _ path: String, skipping records: Int, encode: @escaping (UnsafeRawBufferPointer, Int) -> [UInt8]
    ) throws(SpoolError) {
        lines = try SegmentLines(path: path)
        self.encode = encode
        number = 0
        while number < records, try lines.next({ _ in }) != nil { number += 1 }
    }

    /// The number of records that were read so far, including the skipped ones.
    var read: Int { number }

    /// The next batch; `nil` at the end.
    ///
    /// - Parameter limit: the maximum size of the body in bytes. A batch of a single record may exceed it.
    func next(limit: Int) throws(SpoolError) -> RecordBatch? {
        var batch: RecordBatch?
        if let carried {
            batch = RecordBatch(first: number)
            batch?.append(carried)
            self.carried = nil
        }
        while let part = try lines.next({ encode($0, number + 1) }) {
            number += 1
            guard var open = batch else {
                batch = RecordBatch(first: number)
                batch?.append(part)
                continue
            }
            guard open.body.count + part.count <= limit else {
                carried = part
                return open
            }
            batch = nil
            open.append(part)
            batch = open
        }
        return batch
    }
}

/// Splits a stream of pieces into lines without their newlines. A line is copied only if it spans pieces.
package struct LineSplitter {
    /// The largest line in bytes, well above the largest record that the spool accepts.
    static let limit = 128 << 20
    private let rest = ByteStore()

    package init() {}

    /// True if the input so far ends inside a line.
    package var endsInsideLine: Bool { rest.count > 0 }

    package mutating func feed(
        _ piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        var start = 0
        while let newline = piece[start...].firstIndex(of: 10) {
            let part = UnsafeRawBufferPointer(rebasing: piece[start..<newline])
            if rest.count > 0 {
                rest.append(part)
                try body(rest.bytes)
                rest.removeAll(keeping: 1 << 20)
            } else {
                try body(part)
            }
            start = newline + 1
        }
        rest.append(UnsafeRawBufferPointer(rebasing: piece[start...]))
        guard rest.count <= Self.limit else { throw .tooMuch(what: "bytes in a line", limit: Self.limit) }
    }
}

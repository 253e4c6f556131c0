extension DefaultStringInterpolation {
    /// Appends a number and the words after it: `\(waiting, "segment waits", "segments wait")`.
    ///
    /// - Parameters:
    ///   - one: the words after the number 1.
    ///   - many: the words after any other number.
    package mutating func appendInterpolation(_ count: some BinaryInteger, _ one: String, _ many: String) {
        appendLiteral("\(count) \(count == 1 ? one : many)")
    }
}

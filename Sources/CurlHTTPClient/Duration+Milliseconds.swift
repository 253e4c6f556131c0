extension Duration {
    /// Milliseconds, rounded down and limited to the range of a C `int`.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(min(seconds, 2_000_000) * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}

/// The name of an index, perhaps with `{integration}`, `{class}` and `{date}` in it, which a segment fills in: all of its records go to one index,
/// and each time to the same one.
struct IndexName: Sendable, Equatable, CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    var description: String { text }

    /// Where the records of a segment go.
    func name(for segment: DeliverySegment) -> String {
        text.replacing("{integration}", with: segment.integration).replacing("{class}", with: segment.className)
            .replacing("{date}", with: segment.date)
    }

    /// All of its names, with `*`.
    var pattern: String {
        text.replacing("{integration}", with: "*").replacing("{class}", with: "*").replacing("{date}", with: "*")
    }
}

/// The name of an index, in which the values of a segment replace `{integration}`, `{class}` and `{date}`. So all records of a segment go to one
/// index, even if they are sent again.
struct IndexName: Sendable, Equatable, CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    var description: String { text }

    /// The index for the records of a segment.
    func name(for segment: DeliverySegment) -> String {
        text.replacing("{integration}", with: segment.integration).replacing("{class}", with: segment.className)
            .replacing("{date}", with: segment.date)
    }

    /// A pattern with `*` that matches all names that can occur.
    var pattern: String {
        text.replacing("{integration}", with: "*").replacing("{class}", with: "*").replacing("{date}", with: "*")
    }
}

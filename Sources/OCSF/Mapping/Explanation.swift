/// Says which rule decided a part of a record, for people who ask why the record looks as it does.
package struct Explanation: Sendable, Equatable {
    /// A path in the record.
    package let attribute: String
    package let reason: String
}

extension RecordMapping {
    /// Records a decision, if explanations are wanted. If `reason` is built from several parts, check `isExplaining` before the call, because
    /// building the text costs time.
    @inline(__always)
    mutating func explain(_ attribute: StaticString, _ reason: String) {
        if isExplaining { explanations.append(Explanation(attribute: "\(attribute)", reason: reason)) }
    }
}

/// Which rule decided a part of a record, for people who ask why the record looks like this.
package struct Explanation: Sendable, Equatable {
    /// A path in the record.
    package let attribute: String
    package let reason: String
}

extension RecordMapping {
    /// Records a decision, if explanations are wanted. If building the reason takes work, check `isExplaining` first.
    @inline(__always)
    mutating func explain(_ attribute: StaticString, _ reason: String) {
        if isExplaining { explanations.append(Explanation(attribute: "\(attribute)", reason: reason)) }
    }
}

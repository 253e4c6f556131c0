/// Which rule decided a part of a record, for people who ask why it is as it is.
package struct Explanation: Sendable, Equatable {
    /// A path in the record.
    package let attribute: String
    package let reason: String
}

extension RecordMapping {
    /// Notes a decision, if somebody asked. A reason that has to be put together is only put together then: `if isExplaining`.
    @inline(__always)
    mutating func explain(_ attribute: StaticString, _ reason: String) {
        if isExplaining { explanations.append(Explanation(attribute: "\(attribute)", reason: reason)) }
    }
}

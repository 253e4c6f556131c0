import CSimdjson

/// Adapts records to a version of OCSF that has fewer attributes than the mapping writes.
extension RecordMapping {
    /// Adapts what has been written so far, and returns nil if that succeeds. Values that are removed will go into `unmapped`. `mark` is the
    /// position at which `metadata.profiles` is inserted.
    mutating func fitRecord(_ fit: RecordFit, profilesAt mark: Int) -> RecordFit.Outcome? {
        let outcome = fit.fit(&writer, kind)
        guard case .fitted(let profiles) = outcome else { return outcome }
        usesHost = profiles.contains(.host)
        usesSecurityControl = profiles.contains(.securityControl)
        self.profiles(at: mark)
        restore(fit)
        return nil
    }

    /// Undoes `LogEvent.consume` for values that were removed from the record, so that they go into `unmapped`.
    private func restore(_ fit: RecordFit) {
        let country = event.child(event.child(event[.client], .geographicalContext), .country)
        let urls = [event.debug(.url), event.debug(.requestUri)]
        let count = Int(event.nodes.pointee.next)
        for index in 0..<count {
            let node = event.nodes + index
            guard Int(node.pointee.flags) & TRIBUTARY_JSON_CONSUMED != 0 else { continue }
            let stands: Bool
            if node == country {
                stands = fit.hasCountry
            } else if urls.contains(node) {
                stands = fit.hasURL
            } else {
                stands = (index..<Int(node.pointee.next)).allSatisfy { index in
                    event.scalar(event.nodes + index).map { fit.stands($0) } ?? true
                }
            }
            if !stands { node.pointee.flags &= ~UInt8(TRIBUTARY_JSON_CONSUMED) }
        }
    }

    /// Undoes `LogEvent.consume` for all values of the event, because the record is written again from the beginning.
    func restoreAll() {
        for index in 0..<Int(event.nodes.pointee.next) {
            event.nodes[index].flags &= ~UInt8(TRIBUTARY_JSON_CONSUMED)
        }
    }
}

extension LogEvent {
    /// The text of a value, without the quotes of a string. Nil for objects, arrays, nulls and empty strings.
    fileprivate func scalar(_ node: JSONNode) -> JSONText? {
        switch Int(node.pointee.kind) {
        case TRIBUTARY_JSON_NULL, TRIBUTARY_JSON_OBJECT, TRIBUTARY_JSON_ARRAY: return nil
        case TRIBUTARY_JSON_STRING: return text(node)
        default:
            return JSONText(
                start: bytes + Int(node.pointee.start), count: Int(node.pointee.end - node.pointee.start),
                isEscaped: false)
        }
    }
}

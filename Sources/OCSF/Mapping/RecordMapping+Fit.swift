import CSimdjson

/// Records of a version of OCSF that has less than the mapping writes.
extension RecordMapping {
    /// Fits what is written so far, and gives back to `unmapped` what was taken out. `mark` is where `metadata.profiles` goes. Nil when it
    /// is done.
    mutating func fitRecord(_ fit: RecordFit, profilesAt mark: Int) -> RecordFit.Outcome? {
        let outcome = fit.fit(&writer, kind)
        guard case .fitted(let profiles) = outcome else { return outcome }
        usesHost = profiles.contains(.host)
        usesSecurityControl = profiles.contains(.securityControl)
        self.profiles(at: mark)
        restore(fit)
        return nil
    }

    /// Values that no longer stand in the record are not left out of `unmapped`.
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

    /// Nothing of the event stands in the record: it is begun again.
    func restoreAll() {
        for index in 0..<Int(event.nodes.pointee.next) {
            event.nodes[index].flags &= ~UInt8(TRIBUTARY_JSON_CONSUMED)
        }
    }
}

extension LogEvent {
    /// The text of a value that is no container, a string's without its quotes; nil for a container, and for what says nothing.
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

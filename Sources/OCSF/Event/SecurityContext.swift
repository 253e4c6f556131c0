import CSimdjson

/// The members of `securityContext`, found in one pass because several parts of a record use them.
struct SecurityContext {
    var asNumber: JSONNode?
    var asOrg: JSONNode?
    var isp: JSONNode?
    var domain: JSONNode?
    var isProxy: JSONNode?
    var risk: JSONNode?
    var userBehaviors: JSONNode?
    /// Only events of newer orgs have this member. It repeats the facts of the members above, and adds the services to which the address belongs. If
    /// the security context lacks it, it comes from the element of `ipChain` that has the client's address.
    var ipDetails: JSONNode?

    init() {}

    init(_ event: LogEvent) {
        guard let context = event[.securityContext], Int(context.pointee.kind) == TRIBUTARY_JSON_OBJECT else { return }
        let end = event.nodes + Int(context.pointee.next)
        var child = context + 1
        while child < end {
            switch child.pointee.key {
            case OktaKey.asNumber.rawValue: asNumber = child
            case OktaKey.asOrg.rawValue: asOrg = child
            case OktaKey.isp.rawValue: isp = child
            case OktaKey.domain.rawValue: domain = child
            case OktaKey.isProxy.rawValue: isProxy = child
            case OktaKey.risk.rawValue: risk = child
            case OktaKey.userBehaviors.rawValue: userBehaviors = child
            case OktaKey.ipDetails.rawValue: ipDetails = child
            default: break
            }
            child = event.nodes + Int(child.pointee.next)
        }
        if ipDetails == nil { ipDetails = Self.detailsOfHop(event) }
    }

    /// The member `ipDetails` of the element of `ipChain` that has the client's address.
    private static func detailsOfHop(_ event: LogEvent) -> JSONNode? {
        guard let ip = event.known(event.child(event[.client], .ipAddress)) else { return nil }
        var found: JSONNode?
        event.forEach(event.child(event[.request], .ipChain)) { hop in
            guard found == nil, let details = event.child(hop, .ipDetails),
                let other = event.text(event.child(hop, .ip))
            else { return }
            if other.count == ip.count, equalBytes(other.start, ip.start, ip.count) { found = details }
        }
        return found
    }
}

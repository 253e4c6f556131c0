import CSimdjson

/// The members that an actor and a target have in common.
struct Identity {
    var id: JSONNode?
    var alternateId: JSONNode?
    var displayName: JSONNode?
    var type: JSONNode?
    var detailEntry: JSONNode?
    var changeDetails: JSONNode?
    /// Set only by `described(by:in:)`, from a profile before or after a change. Okta's actors and targets have no member `email`.
    var email: JSONNode?

    init?(_ node: JSONNode?, in event: LogEvent) {
        guard let node, Int(node.pointee.kind) == TRIBUTARY_JSON_OBJECT else { return nil }
        let end = event.nodes + Int(node.pointee.next)
        var child = node + 1
        while child < end {
            switch child.pointee.key {
            case OktaKey.id.rawValue: id = child
            case OktaKey.alternateId.rawValue: alternateId = child
            case OktaKey.displayName.rawValue: displayName = child
            case OktaKey.type.rawValue: type = child
            case OktaKey.detailEntry.rawValue: detailEntry = child
            case OktaKey.changeDetails.rawValue: changeDetails = child
            default: break
            }
            child = event.nodes + Int(child.pointee.next)
        }
    }

    /// The identity as one side of `changeDetails` (`from` or `to`) describes it. Values from that side replace the target's own values.
    func described(by side: JSONNode?, in event: LogEvent) -> Identity {
        var other = self
        if let login = event.child(side, .login), event.known(login) != nil { other.alternateId = login }
        if let name = event.child(side, .displayName), event.known(name) != nil { other.displayName = name }
        if let email = event.child(side, .email), event.known(email) != nil { other.email = email }
        return other
    }

    /// Whether a side of `changeDetails` (`from` or `to`) has a login, a name or an email address, which are attributes of OCSF's user object.
    static func describes(_ side: JSONNode?, in event: LogEvent) -> Bool {
        event.known(event.child(side, .login)) != nil || event.known(event.child(side, .displayName)) != nil
            || event.known(event.child(side, .email)) != nil
    }

    /// True if the identity has an id, a login or a name. The text "unknown" does not count.
    func isNamed(in event: LogEvent) -> Bool {
        event.known(id) != nil || event.known(alternateId) != nil || event.known(displayName) != nil
    }
}

/// The event's targets, sorted by kind. If there are several of one kind, the first one is used. Okta lists targets of different kinds in no fixed
/// order.
struct Targets {
    /// The number of targets that have an id, a login or a name.
    var count = 0
    var first: Identity?
    var user: Identity?
    var appUser: Identity?
    var group: Identity?
    var app: Identity?
    var policy: Identity?
    var rule: Identity?
    var token: Identity?
    var role: Identity?
    var resourceSet: Identity?
    var session: Identity?
    var idp: Identity?
    /// The first target that has `changeDetails`: the target's state before and after the change.
    var changed: Identity?
    var hasConsents = false
    /// Whether one of the targets is a policy or a rule.
    var hasPolicies = false
    /// Whether one of the targets is an authenticator, an enrollment or a method.
    var hasFactors = false

    /// The account that the event is about: the Okta user, or else the account in an application.
    var account: Identity? { user ?? appUser }

    init(_ event: LogEvent) {
        guard let list = event[.target], Int(list.pointee.kind) == TRIBUTARY_JSON_ARRAY else { return }
        let end = event.nodes + Int(list.pointee.next)
        var element = list + 1
        while element < end {
            add(element, event)
            element = event.nodes + Int(element.pointee.next)
        }
    }

    /// Stores a target according to its type. The function is long because it lists all known types. For speed, it compares a type only with those of
    /// the same length.
    private mutating func add(_ element: JSONNode, _ event: LogEvent) {
        guard let target = Identity(element, in: event), target.isNamed(in: event) else { return }
        if first == nil { first = target }
        count += 1
        if changed == nil, let details = target.changeDetails, Int(details.pointee.kind) == TRIBUTARY_JSON_OBJECT {
            changed = target
        }
        guard let type = event.known(target.type) else { return }
        switch type.count {
        case 4:
            if type.equalsIgnoringCase("user") {
                if user == nil { user = target }
            } else if type.equalsIgnoringCase("role") {
                if role == nil { role = target }
            } else if type.equalsIgnoringCase("rule") {
                if rule == nil { rule = target }
            }
        case 5:
            if type.equalsIgnoringCase("group") {
                if group == nil { group = target }
            } else if type.equalsIgnoringCase("token") {
                if token == nil { token = target }
            }
        case 6:
            if type.equalsIgnoringCase("policy") {
                if policy == nil { policy = target }
            }
        case 7:
            if type.equals("AppUser") || type.equals("NewUser") {
                if appUser == nil { appUser = target }
            } else if type.equalsIgnoringCase("session") {
                if session == nil { session = target }
            }
        case 9:
            if type.equals("UserGroup") {
                if group == nil { group = target }
            }
        case 10:
            if type.equals("PolicyRule") {
                if rule == nil { rule = target }
            }
        case 11:
            if type.equals("AppInstance") {
                if app == nil { app = target }
            } else if type.equals("ResourceSet") {
                if resourceSet == nil { resourceSet = target }
            }
        case 12:
            if type.equals("PolicyEntity") {
                if policy == nil { policy = target }
            } else if type.equals("ConsentGrant") {
                hasConsents = true
            } else if type.equalsIgnoringCase("resource_set") {
                if resourceSet == nil { resourceSet = target }
            }
        default: break
        }
        if Self.isPolicy(type) { hasPolicies = true }
        if Self.isFactor(type) { hasFactors = true }
        if idp == nil, Self.isIdentityProvider(type) { idp = target }
        if token == nil, type.hasSuffix("_token") { token = target }
    }

    /// True for the spellings of an identity provider, such as `IdentityProvider`, `Identity Provider`, `IDENTITY_PROVIDER`, `IDP`, `SamlIdp`.
    static func isIdentityProvider(_ type: JSONText) -> Bool {
        guard type.count >= 16 else { return type.equalsIgnoringCase("idp") || type.hasSuffix("Idp") }
        guard type.count <= 24, type.start[type.count - 1] | 0x20 == UInt8(ascii: "r") else { return false }
        return type.containsIgnoringCase("identity") && type.containsIgnoringCase("provider")
    }

    /// True for the types of policies and rules, such as `PolicyEntity`, `PolicyRule`, `Policy`, `Rule`, `PolicyAction`, `Policy Evaluation`.
    static func isPolicy(_ type: JSONText) -> Bool {
        type.count >= 6 ? type.slice(0..<6).equalsIgnoringCase("policy") : type.equalsIgnoringCase("rule")
    }

    /// True for the types of authenticators, such as `AuthenticatorEnrollment`, `AuthenticatorMethod`, `Factor Type`, `MFAFactor` and `Factor`.
    static func isFactor(_ type: JSONText) -> Bool {
        type.hasPrefix("Authenticator") || type.equals("Factor Type") || type.equals("MFAFactor")
            || type.equals("Factor")
    }
}

extension RecordMapping {
    /// Calls `body` for each target that has an id, a login or a name.
    @inline(__always)
    func forEachTarget(_ body: (Identity) -> Void) {
        let event = event
        event.forEach(event[.target]) { element in
            if let target = Identity(element, in: event), target.isNamed(in: event) { body(target) }
        }
    }
}

/// What kind of thing an actor is. Okta's actors include addresses, devices and OAuth clients, but OCSF does not
/// represent those as users.
enum Principal {
    case user
    /// Okta itself.
    case system
    /// A program: an OAuth client, an application, an agent.
    case application
    case device
    case address

    /// Decides by the actor's type in the event. If the type is missing or unknown, the actor is an address if its id is an IP address, and otherwise
    /// a user. If the actor has no id, its name is examined instead.
    init(_ identity: Identity, in event: LogEvent) {
        guard let type = event.known(identity.type) else {
            self = Self.isAddress(identity, event) ? .address : .user
            return
        }
        if type.equalsIgnoringCase("user") {
            self = .user
        } else if type.equals("SystemPrincipal") {
            self = .system
        } else if type.hasPrefix("PublicClientApp") || type.containsIgnoringCase("appinstance")
            || type.containsIgnoringCase("workload") || type.equalsIgnoringCase("agent")
            || type.equalsIgnoringCase("client")
        {
            self = .application
        } else if type.equalsIgnoringCase("ip address") || type.equalsIgnoringCase("ipaddress")
            || type.equalsIgnoringCase("ip")
        {
            self = .address
        } else if type.equalsIgnoringCase("device") || type.hasSuffix("Device") {
            self = .device
        } else {
            self = Self.isAddress(identity, event) ? .address : .user
        }
    }

    /// Whether the actor can sign in, as a user or a program. OCSF calls such an actor a security principal.
    var canSignIn: Bool { self == .user || self == .system || self == .application }

    private static func isAddress(_ identity: Identity, _ event: LogEvent) -> Bool {
        guard let id = event.known(identity.id) ?? event.known(identity.displayName) else { return false }
        return IPAddress(id) != nil
    }
}

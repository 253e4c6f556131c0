/// What an actor is. Okta calls addresses, devices and OAuth clients actors as well, and OCSF has other places for them than a user.
enum Principal {
    case user
    /// Okta itself.
    case system
    /// An OAuth client, an application, an agent: a program.
    case application
    case device
    case address

    /// By Okta's word for the type, and for an unknown word by the id.
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

    /// Somebody or something that can sign in: what OCSF calls a security principal.
    var canSignIn: Bool { self == .user || self == .system || self == .application }

    private static func isAddress(_ identity: Identity, _ event: LogEvent) -> Bool {
        guard let id = event.known(identity.id) ?? event.known(identity.displayName) else { return false }
        return IPAddress(id) != nil
    }
}

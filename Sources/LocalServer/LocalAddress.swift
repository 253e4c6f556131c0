/// Where a ``LocalServer`` listens.
package enum LocalAddress: Sendable, Hashable {
    /// An IP address of this host as text, and a port; 0 takes any that is free.
    case tcp(host: String, port: Int)
    /// An absolute path of at most 107 bytes (unix(7)). An existing socket at the path is replaced.
    case unix(path: String)
}

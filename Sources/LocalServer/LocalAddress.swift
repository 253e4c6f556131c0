/// Where a ``LocalServer`` listens.
package enum LocalAddress: Sendable, Hashable {
    /// An IP address of this host as text, and a port. With port 0, the system chooses a free port.
    case tcp(host: String, port: Int)
    /// An absolute path of at most 107 bytes (unix(7)). An existing socket at the path is replaced.
    case unix(path: String)
}

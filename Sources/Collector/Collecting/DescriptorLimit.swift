import Glibc

/// The maximum number of files and connections that the process may have open at the same time. An integration needs at least one of each.
struct DescriptorLimit {
    /// Descriptors that integrations share: the manifest, locks, segments being sealed, logs, the socket of systemd's journal.
    static let shared = 128
    /// The descriptors of an integration: its journal, a connection, and sometimes a token file.
    static let perIntegration = 3

    /// The number of descriptors that the system grants to this process.
    let granted: Int

    /// Raises the process's soft limit to the hard limit (getrlimit(2)). This needs no privilege.
    static func raised() -> DescriptorLimit {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return DescriptorLimit(granted: .max)
        }
        if limit.rlim_cur < limit.rlim_max {
            var wanted = limit
            wanted.rlim_cur = wanted.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted) == 0 { limit = wanted }
        }
        return DescriptorLimit(granted: Int(clamping: limit.rlim_cur))
    }

    /// A warning for the operator; nil if there are enough descriptors for the integrations.
    func warning(integrations: Int) -> String? {
        let needed = Self.shared + Self.perIntegration * integrations
        guard granted < needed else { return nil }
        return """
            \(integrations) integrations can need \(needed) files and connections at once, but this process may open only \(granted): some \
            integrations will wait or fail. Raise LimitNOFILE= of the unit (systemctl edit tributary), or ulimit -n
            """
    }
}

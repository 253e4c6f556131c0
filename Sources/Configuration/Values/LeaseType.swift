/// How the hosts of a fleet agree on which host collects each integration.
///
/// Each property is a `switch`, so the compiler requires a value for each new type.
package enum LeaseType: String, Sendable, Hashable, CaseIterable {
    /// Leases are keys in etcd: the hosts share the integrations.
    case etcd
    /// The lease is one object in the fleet's bucket: one host has all integrations, the others are standbys.
    case s3

    /// Whether the hosts share the integrations. If not, one host has all integrations.
    package var isShared: Bool {
        switch self {
        case .etcd: true
        case .s3: false
        }
    }

    /// Whether each host is visible to the others. If not, only the host that collects is visible.
    package var showsEachHost: Bool {
        switch self {
        case .etcd: true
        case .s3: false
        }
    }

    /// Where the leases are, for a message.
    package var words: String {
        switch self {
        case .etcd: "etcd"
        case .s3: "the bucket"
        }
    }
}

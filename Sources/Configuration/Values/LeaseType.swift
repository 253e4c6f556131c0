/// How the hosts of a fleet agree on who collects what.
///
/// Each property is a `switch`, so that a new type has to answer all of them.
package enum LeaseType: String, Sendable, Hashable, CaseIterable {
    /// Leases are keys in etcd: the hosts share the integrations.
    case etcd
    /// The lease is one object in the fleet's bucket: one host has all integrations, the others are standbys.
    case s3

    /// Whether the hosts share the integrations; otherwise one host has all of them.
    package var isShared: Bool {
        switch self {
        case .etcd: true
        case .s3: false
        }
    }

    /// Whether all members are visible to the other hosts; otherwise only the host that collects is.
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

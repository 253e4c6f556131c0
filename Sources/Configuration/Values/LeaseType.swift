/// How the hosts of a fleet agree on which host collects each integration.
package enum LeaseType: String, Sendable, Hashable, CaseIterable {
    /// With keys that have a lease in etcd: the hosts share the integrations.
    case etcd
    /// With one object in the fleet's bucket: one host has all integrations, the others are standbys.
    case s3
}

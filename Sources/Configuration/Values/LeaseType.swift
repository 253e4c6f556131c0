/// How the hosts of a fleet agree on who collects what.
package enum LeaseType: String, Sendable, Hashable, CaseIterable {
    /// By keys with a lease in etcd: the hosts share the integrations.
    case etcd
    /// By one object in the fleet's bucket: one host has all integrations, the others stand by.
    case s3
}

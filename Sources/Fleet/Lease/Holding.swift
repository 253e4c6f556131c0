/// What this host may collect, as the leases say it.
///
/// Leases only decide who asks Okta. A host that wrongly believes that it holds an integration costs requests; it can't duplicate or lose an
/// event, because a seal is decided by a conditional write to the fleet's bucket.
package struct Holding: Sendable, Equatable {
    /// Its name in the configuration.
    package let integration: String
    /// Grows with each change of hands, for audits: the `create_revision` of the key in etcd, or the number of the term in S3.
    package let token: Int64
    /// When this host got it. Milliseconds since 1970-01-01T00:00:00Z.
    package let since: Int64
    /// The last other host that this host has seen holding it; another one may have had it for a moment since.
    package let previousHost: String?

    package init(integration: String, token: Int64, since: Int64, previousHost: String?) {
        self.integration = integration
        self.token = token
        self.since = since
        self.previousHost = previousHost
    }
}

/// Hears what this host holds.
///
/// The calls for one integration come one after the other, those for several at the same time. An integration is not taken again before the calls
/// about its loss have returned.
package protocol HoldingObserver: Sendable {
    /// This host has the integration now. Returns quickly; opening it goes on in the background.
    func gained(_ holding: Holding) async
    /// The lease has ended, or another host has the integration: stop asking Okta, without handing over. May follow a `release` that has not
    /// reached its purpose.
    func lost(_ integration: String) async
    /// The integration is to be handed over: stop, seal, and return. Only then another host can take it.
    func release(_ integration: String) async
}

/// An integration that this host may collect according to the leases.
///
/// Leases only decide which host queries Okta. A host that wrongly believes that it holds an integration wastes requests, but can't duplicate or lose
/// an event, because a seal is decided by a conditional write to the fleet's bucket.
package struct Holding: Sendable, Equatable {
    /// The integration's name in the configuration.
    package let integration: String
    /// A number that grows whenever the integration changes hands, for audits: the `create_revision` of the key in etcd, or the term in S3.
    package let token: Int64
    /// When this host got the integration. Milliseconds since 1970-01-01T00:00:00Z.
    package let since: Int64
    /// The host that held the integration before this host, as far as this host has seen. A third host may have held it briefly in between.
    package let previousHost: String?

    package init(integration: String, token: Int64, since: Int64, previousHost: String?) {
        self.integration = integration
        self.token = token
        self.since = since
        self.previousHost = previousHost
    }
}

/// An observer that is notified when this host gains or loses an integration.
///
/// The calls for one integration come one after the other; calls for different integrations may overlap. An integration is not taken again before
/// the calls about its loss have returned.
package protocol HoldingObserver: Sendable {
    /// This host holds the integration now. The call must return quickly, so the observer opens the integration in the background.
    func gained(_ holding: Holding) async
    /// The lease has ended, or another host holds the integration: stop querying Okta, without a hand-over. If a `release` of the integration is in
    /// progress, this call waits for its end.
    func lost(_ integration: String) async
    /// The integration must be handed over: stop collecting, seal, and return. Another host can take it only afterwards.
    func release(_ integration: String) async
}

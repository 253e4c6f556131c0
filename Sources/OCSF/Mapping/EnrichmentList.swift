/// Values of the record that are known to be internal or known to be external. Each becomes an element of `enrichments[]`.
struct EnrichmentList: ~Copyable {
    struct Entry {
        var path: StaticString
        var value: JSONText
        var scope: NetworkScope
    }

    /// The maximum number of entries, more than the mapping ever uses in one record.
    static let capacity = 16

    private let entries: UnsafeMutablePointer<Entry>
    private(set) var count = 0

    init() { entries = .allocate(capacity: Self.capacity) }

    deinit { entries.deallocate() }

    mutating func removeAll() { count = 0 }

    mutating func add(_ path: StaticString, _ value: JSONText, _ scope: NetworkScope) {
        guard count < Self.capacity else { return }
        (entries + count).initialize(to: Entry(path: path, value: value, scope: scope))
        count += 1
    }

    subscript(_ index: Int) -> Entry { entries[index] }
}

/// In OCSF, only an endpoint has the attribute `network_scope_id`; a user, a URL and an observable have no such attribute. So an enrichment names an
/// attribute of such an object, repeats its value, and says whether it is internal or external.
extension RecordMapping {
    /// Adds an enrichment that says whether the domain of a login is one of the organization's. The domain begins at the offset `domain`.
    mutating func scopeOfLogin(_ path: StaticString, _ login: JSONText, domain: Int) {
        guard let scope = settings.network.scope(ofDomain: login.slice(domain..<login.count)) else { return }
        enrichments.add(path, login, scope)
    }

    mutating func enrichmentField(_ subject: Identity?) {
        // The host in `http_request.url` is the Okta org's own host, so it is internal even if its domain is not a configured one.
        let host = settings.network.hasDomains && !constants.host.isEmpty ? urlHostPath : nil
        let mark = writer.count
        writer.put("\"enrichments\":[")
        for index in 0..<enrichments.count {
            let entry = enrichments[index]
            writer.put("{\"name\":\"")
            writer.put(entry.path)
            writer.string("\",\"value\":\"", entry.value)
            scopeData(entry.scope)
        }
        if let host {
            writer.put("{\"name\":\"")
            writer.put(host)
            writer.put("\",\"value\":\"")
            writer.copy(constants.host)
            writer.put("\",")
            scopeData(.internal)
        }
        proxyEnrichment()
        applicationEnrichment()
        privilegeEnrichment()
        if kind == .authentication, let subject { scopeEnrichment(subject) }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
    }

    private mutating func scopeData(_ scope: NetworkScope) {
        writer.put("\"type\":\"my_network\",\"provider\":\"tributary\",\"data\":{")
        networkScope(scope)
        writer.endObject()
        writer.endObject()
    }

    mutating func networkScope(_ scope: NetworkScope) {
        switch scope {
        case .internal: writer.put("\"network_scope_id\":1,\"network_scope\":\"Internal\",")
        case .external: writer.put("\"network_scope_id\":2,\"network_scope\":\"External\",")
        }
    }
}

/// The contents of `enrichments[]`: values of the record that are known to be internal or known to be external.
struct EnrichmentList: ~Copyable {
    struct Entry {
        var path: StaticString
        var value: JSONText
        var scope: NetworkScope
    }

    /// More than the mapping ever uses in one record.
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

/// For an endpoint, OCSF has the attribute `network_scope_id`. It has none for a user or a URL, and no mark on an
/// observable. For those, an enrichment names the attribute and its value, which is the purpose of enrichments in the schema.
extension RecordMapping {
    /// States whether the domain of a person's address, which begins at `domain`, is the organization's.
    mutating func scopeOfLogin(_ path: StaticString, _ login: JSONText, domain: Int) {
        guard let scope = settings.network.scope(ofDomain: login.slice(domain..<login.count)) else { return }
        enrichments.add(path, login, scope)
    }

    mutating func enrichmentField(_ subject: Identity?) {
        // The URL's host is the org's own host, whatever its domain.
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

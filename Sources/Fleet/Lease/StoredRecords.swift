/// The stored form of a ``HostRecord``.
struct StoredHost: Codable {
    var version: String
    var startedAt: Int64
    var draining: Bool
    var configured: Int
    var digest: String

    /// The record that is used if a later version has written the value in another form.
    static let unreadable = HostRecord(version: "unknown", startedAt: 0, isDraining: false, configured: 0, digest: "")

    private enum CodingKeys: String, CodingKey {
        case version, draining, configured, digest
        case startedAt = "started_at"
    }

    init(_ record: HostRecord) {
        version = record.version
        startedAt = record.startedAt
        draining = record.isDraining
        configured = record.configured
        digest = record.digest
    }

    var record: HostRecord {
        HostRecord(
            version: version, startedAt: startedAt, isDraining: draining, configured: configured, digest: digest)
    }
}

/// The stored form of an integration's holder.
struct StoredOwner: Codable {
    var host: String
    /// Milliseconds since 1970-01-01T00:00:00Z.
    var since: Int64
    var previousHost: String?

    private enum CodingKeys: String, CodingKey {
        case host, since
        case previousHost = "previous_host"
    }
}

import Foundation
import TestSupport
import Testing

@testable import Configuration

@Suite("the declaration of a key")
struct DeclarationTests {
    /// A configuration that sets most keys to a value other than the default.
    private static let unusual = """
        state_directory: /s
        runtime_directory: /r
        delivery_directory: /dv
        spool: {directory: /sp, compression: gzip, segment_max_bytes: 1MiB, segment_max_age: 1h, max_bytes: 1GiB, retention: 30d}
        record: {raw_data: false, observables: false, datetime: true, flatten_unmapped: true, catalogue: [DIR/events.tsv]}
        my_network: {domains: [example.com], ip_ranges: [203.0.113.0/24]}
        network: {ca_file: DIR/ca.pem, proxy: "http://p.example:3128", proxy_credentials_file: DIR/proxy, no_proxy: [o.example]}
        credentials:
          - {name: key, type: oauth, permissions: write, client_id: 0oa1, key_id: k, expires: 2027-03-01, description: d, secret_file: DIR/credentials/key}
        integrations:
          - name: acme
            url: acme.okta.com
            description: e
            paused: true
            data_ingest: {credential: key, start: now, filter: "a pr", page_size: 200, rate_limit_share: 1, poll_interval: 1m}
            response_action: {credential: key}
        destinations:
          - {name: lake, type: s3, bucket: b-u, prefix: p/q, region: eu-west-1, endpoint: "https://s3.example", path_style: false,
             credentials: static, secret_file: /k, server_side_encryption: AES256, concurrency: 2, description: dd}
          - {name: key2, type: s3, bucket: b-v, region: us-east-2, credentials: process, credential_process: [/bin/k, a]}
          - {name: ware, type: exec, command: [/bin/load, x], timeout: 7m}
        fleet:
          name: prod
          host: collector-1
          log: {bucket: f-b, prefix: f/p, region: eu-west-2, endpoint: "https://s4.example", path_style: true,
                credentials: process, credential_process: [/bin/f, b], server_side_encryption: "aws:kms"}
          lease: {type: etcd, endpoints: ["https://etcd-1:2379", "http://127.0.0.1:2379"], ca_file: DIR/ca.pem, certificate_file: DIR/ca.pem,
                  key_file: DIR/proxy, ttl: 11s}

        """

    private static func configuration() throws -> Configuration {
        let workspace = try Workspace()
        for name in ["events.tsv", "proxy"] { try workspace.write(name, "x") }
        try workspace.write("ca.pem", "-----BEGIN CERTIFICATE-----\n")
        return try workspace.load(unusual.replacing("DIR", with: workspace.path))
    }

    @Test("the output of `check --json` for the installed example has every key, under its path")
    func json() throws {
        let text = try InstalledExample.loaded(in: try Workspace()).summary.json()
        let summary = try JSONSerialization.jsonObject(with: Data(text.utf8))
        for key in Configuration.keys {
            var places: [Any] = [summary]
            for part in key.path.split(separator: ".") {
                let name = String(part.replacing("[]", with: ""))
                places = places.compactMap { place in
                    let mapping = place as? [String: Any]
                    return mapping?[name] ?? mapping?[name + "_seconds"]
                }
                if part.hasSuffix("[]") { places = places.flatMap { $0 as? [Any] ?? [] } }
            }
            #expect(!places.isEmpty, "\(key.path)")
        }
    }

    @Test("the output of `check` shows the values that are set")
    func words() throws {
        let text = try Self.configuration().describe()
        for words in [
            "/s", "/r", "/sp", "gzip", "segments of up to 1MiB", "sealed after 1h", "pauses at 1GiB",
            "deleted after 30d", "raw data off", "observables off", "with datetime", "unmapped as text", "catalogue /",
            "example.com, 203.0.113.0/24", "CA file /", "proxy http://p.example:3128", "user and password in /",
            "no proxy for o.example", "oauth (EC P-256), write, expires 2027-03-01, client_id 0oa1, key_id k, /",
            "https://acme.okta.com — e, paused",
            "ingests with key, every 1m, first run from now, filter: a pr, 1.0 of the",
            "pages of 200", "acts with key",
            "s3://b-u/p/q at https://s3.example, credentials static — dd, exactly once, 2 at once",
            "region eu-west-1", "path_style false", "server_side_encryption AES256", "credential_process /bin/k, a",
            "exec /bin/load x, depends on the command", "timeout 7m", "prod, host collector-1",
            "s3://f-b/f/p at https://s4.example, credentials process, region eu-west-2, path_style true",
            "credential_process /bin/f, b, server_side_encryption aws:kms",
            "etcd at https://etcd-1:2379, http://127.0.0.1:2379, CA file /", "certificate /", "its key /",
            "leases expire after 11s",
        ] {
            #expect(text.contains(words), "\(words) is not in:\n\(text)")
        }
    }

    @Test("a comparison of two configurations finds the keys with different values")
    func changes() throws {
        let one = try Self.configuration().spool
        var other = one
        #expect(other == one)
        other.maxBytes = ByteSize(bytes: 1)
        other.retention = .never
        #expect(other != one)
        #expect(other.changed(from: one).map(\.path) == ["spool.max_bytes", "spool.retention"])
    }

    @Test("a key takes effect while the daemon runs only if it is in a section that a reload applies")
    func appliedByReload() {
        // By `Reloader.useMapping`, `Spool.adopt`, `CredentialWatch.replace`, the changes of integrations, `DeliveryDaemon` and `ResponseDaemon`.
        let applied: Set<Substring> = [
            "record", "my_network", "spool", "credentials", "integrations", "destinations", "response",
        ]
        let keys = Configuration.keys.filter { $0.change == .whileRunning }
        #expect(!keys.isEmpty)
        for key in keys { #expect(applied.contains(key.path.prefix { $0 != "." && $0 != "[" }), "\(key.path)") }
    }
}

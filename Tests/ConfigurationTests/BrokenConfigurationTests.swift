import Configuration
import Foundation
import Testing

/// The text of a configuration, the position of its first problem, and a part of the message. Add a row to
/// `brokenConfigurations` for each new kind of mistake.
struct Broken: Sendable, CustomTestStringConvertible {
    let text: String
    let place: String
    let says: String

    init(_ text: String, _ place: String, _ says: String) {
        self.text = text
        self.place = place
        self.says = says
    }

    var testDescription: String { says }
}

private let credential = "credentials:\n  - name: r\n"
private let integration = "integrations:\n  - name: a\n    url: a.okta.com\n"
private let ingesting = credential + integration + "    data_ingest:\n      credential: r\n"

private let lake = "destinations:\n  - name: lake\n    type: s3\n    bucket: lake\n    region: eu-west-1\n"

private let search =
    "destinations:\n  - name: search\n    type: http\n    protocol: elasticsearch\n    url: https://es.example.com\n    index: okta\n"
private let columns =
    "destinations:\n  - name: columns\n    type: http\n    protocol: clickhouse\n    url: https://ch.example.com\n    table: okta\n"

private let fleet = "fleet:\n  name: prod\n  log:\n    bucket: lake\n    region: eu-west-1\n  lease:\n    type: "
private let etcd = fleet + "etcd\n    endpoints: [https://etcd-1:2379]\n"

let brokenConfigurations: [Broken] = [
    // Fleets
    Broken(fleet.replacing("  name: prod\n", with: "") + "s3\n", "1:1", "“name” is missing in “fleet”"),
    Broken("fleet:\n  name: prod\n  lease:\n    type: s3\n", "1:1", "“bucket” is missing in “fleet.log”"),
    Broken(
        "fleet:\n  name: prod\n  log:\n    bucket: lake\n    region: r\n", "1:1", "“type” is missing in “fleet.lease”"),
    Broken(fleet + "kubernetes\n", "7:11", "write one of etcd, s3"),
    Broken(fleet + "etcd\n", "6:3", "“endpoints” is missing: the lease has type etcd"),
    Broken(fleet + "s3\n    endpoints: [https://etcd-1:2379]\n", "8:5", "“endpoints” has no effect with “type: s3”"),
    Broken(fleet + "s3\n    ca_file: /x\n", "8:5", "“ca_file” has no effect with “type: s3”"),
    Broken(fleet + "s3\n" + lake, "11:13", "the bucket lake is the fleet's own bucket, which already has the segments"),
    Broken(fleet + "s3\n    ttl: 1s\n", "8:10", "from 2s to 5m"),
    Broken(fleet + "s3\n    ttl: 6m\n", "8:10", "from 2s to 5m"),
    Broken(fleet + "s3\n    tll: 6m\n", "8:5", "did you mean “ttl”?"),
    Broken(
        fleet + "etcd\n    endpoints: [http://etcd-1:2379]\n", "8:17",
        "plain http is allowed only to a loopback address"),
    Broken(fleet + "etcd\n    endpoints: [https://etcd-1:2379/v3]\n", "8:17", "is not the address of a member of etcd"),
    Broken(
        fleet + "etcd\n    endpoints: [\((0...16).map { "https://e\($0)" }.joined(separator: ", "))]\n", "8:16",
        "more than 16 endpoints"),
    Broken(etcd + "    certificate_file: /etc/passwd\n", "6:3", "“key_file” is missing: certificate_file is set"),
    Broken(etcd + "    key_file: /etc/passwd\n", "6:3", "“certificate_file” is missing: key_file is set"),
    Broken(etcd + "    ca_file: /nowhere/ca.pem\n", "9:14", "“/nowhere/ca.pem” does not exist"),
    Broken(
        fleet.replacing("    region: eu-west-1\n", with: "") + "s3\n", "3:3", "“region” is missing: the fleet's bucket"),
    Broken(
        fleet.replacing("region: eu-west-1", with: "region: eu-west-1\n    credentials: process") + "s3\n", "3:3",
        "“credential_process” is missing: the fleet's bucket has “credentials: process”"),
    Broken(
        fleet.replacing("region: eu-west-1", with: "region: eu-west-1\n    credentials: imds\n    secret_file: /k")
            + "s3\n", "7:5", "“secret_file” has no effect with “credentials: imds”"),
    Broken(
        fleet.replacing("name: prod", with: "name: prod\n  host: Collector_1") + "s3\n", "3:9",
        "not a usable host name"),
    // Destinations
    Broken(
        "destinations:\n  - type: s3\n    bucket: lake\n    region: eu-west-1\n", "2:5",
        "“name” is missing in “destinations”"),
    Broken("destinations:\n  - name: a\n", "2:5", "“type” is missing"),
    Broken("destinations:\n  - name: a\n    type: kafka\n", "3:11", "write one of s3, exec"),
    Broken("destinations:\n  - name: a\n    type: s3\n    region: eu-west-1\n", "2:5", "“bucket” is missing"),
    Broken("destinations:\n  - name: a\n    type: s3\n    bucket: lake\n", "2:5", "“region” is missing"),
    Broken("destinations:\n  - name: a\n    type: exec\n", "2:5", "“command” is missing"),
    Broken(
        "destinations:\n  - name: a\n    type: exec\n    command: [load]\n", "4:14", "“load” is not an absolute path"),
    Broken(
        "destinations:\n  - name: a\n    type: exec\n    command: [/load, \"x\\0\"]\n", "4:22",
        "the word contains a zero byte"),
    Broken(
        "destinations:\n  - name: a\n    type: exec\n    command: [/load]\n    bucket: lake\n", "5:5",
        "“bucket” has no effect with “type: exec”"),
    Broken(lake + "    timeout: 1m\n", "6:5", "“timeout” has no effect with “type: s3”"),
    Broken(lake + "    bukket: lake\n", "6:5", "did you mean “bucket”?"),
    Broken(lake + "    concurrency: 17\n", "6:18", "from 1 to 16"),
    Broken(lake + "    prefix: a//b\n", "6:13", "is not a usable prefix"),
    Broken(lake + "    endpoint: http://s3.example.com\n", "6:15", "plain http is allowed only to a loopback address"),
    Broken(lake + "    endpoint: https://s3.example.com/x\n", "6:15", "is not the address of a store"),
    Broken(lake + "    endpoint: https://u:p@s3.example.com\n", "6:15", "must not contain a user name or password"),
    Broken(lake + "    credentials: process\n", "2:5", "“credential_process” is missing"),
    Broken(lake + "    credentials: imds\n    secret_file: /k\n", "7:5", "no effect with “credentials: imds”"),
    Broken(lake + "    password: x\n", "6:5", "a secret does not belong in the configuration"),
    Broken(lake + lake.replacing("destinations:\n", with: ""), "6:11", "the destination “lake” already exists"),
    Broken(
        "destinations:\n  - name: a\n    type: s3\n    bucket: La_ke\n    region: eu-west-1\n", "4:13",
        "not a bucket's name"),
    Broken(search.replacing("    protocol: elasticsearch\n", with: ""), "2:5", "“protocol” is missing"),
    Broken(search.replacing("    url: https://es.example.com\n", with: ""), "2:5", "“url” is missing"),
    Broken(search.replacing("    index: okta\n", with: ""), "2:5", "“index” is missing"),
    Broken(search + "    table: okta\n", "7:5", "“table” has no effect with “protocol: elasticsearch”"),
    Broken(search + "    bucket: lake\n", "7:5", "“bucket” has no effect with “type: http”"),
    Broken(search + "    request_bytes: 1KiB\n", "7:20", "from 64KiB to 16MiB"),
    Broken(search + "    user: a:b\n", "7:11", "not a usable user name"),
    Broken(search.replacing("index: okta", with: "index: Okta"), "6:12", "is not an index's name"),
    Broken(search.replacing("index: okta", with: "index: okta-{day}"), "6:12", "is not an index's name"),
    Broken(
        search.replacing("https://es", with: "http://es"), "5:10", "plain http is allowed only to a loopback address"),
    Broken(columns, "2:5", "“user” is missing"),
    Broken(columns.replacing("okta", with: "a.b.c") + "    user: u\n", "6:12", "is not a table's name"),
    Broken(
        lake + "    layout: security_lake\n    account_id: \"111122223333\"\n", "6:13", "security_lake requires"),
    Broken(lake + "    layout: security_lake\n    format: parquet\n", "2:5", "“account_id” is missing"),
    Broken(lake + "    format: parquet\n    account_id: \"111122223333\"\n", "7:5", "no effect with “layout: hive”"),
    Broken(lake + "    python: /usr/bin/python3\n", "6:5", "no effect with “format: ndjson”"),
    Broken(
        lake + "    layout: security_lake\n    format: parquet\n    account_id: 12\n", "8:17", "is not an AWS account"),
    // Keys
    Broken("spool:\n  compresion: zstd\n", "2:3", "unknown key “compresion” in “spool”; did you mean “compression”?"),
    Broken("spol:\n  compression: zstd\n", "1:1", "unknown key “spol”; did you mean “spool”?"),
    Broken("Spool: {}\n", "1:1", "did you mean “spool”?"),
    Broken("state-directory: /x\n", "1:1", "did you mean “state_directory”?"),
    Broken("compression: zstd\n", "1:1", "did you mean “compression” in “spool”?"),
    Broken("page_size: 5\n", "1:1", "did you mean “page_size” in “integrations.data_ingest”?"),
    Broken("spool:\n  state_directory: /x\n", "2:3", "is a top-level key"),
    Broken("nothing_like_it: 1\n", "1:1", "known here: credentials, delivery_directory"),
    Broken("spool:\n  retention: never\n  retention: 3d\n", "3:3", "“retention” is written twice, first in line 2"),
    Broken("spool: {retention: never, retention: 3d}\n", "1:27", "“retention” is written twice, first in line 1"),
    Broken("[a]: 1\n", "1:1", "a list or mapping instead of a key"),
    Broken("<<: {}\n", "1:1", "unknown key “<<”"),
    // Types
    Broken("spool: 5\n", "1:8", "“spool” expects keys"),
    Broken("spool: []\n", "1:8", "“spool” expects keys, indented below it, but this is a list"),
    Broken(
        "spool:\n  retention: [never]\n", "2:14",
        "“retention” expects never, acknowledged, or a duration such as 30d, but this is a list"
    ),
    Broken("spool:\n  retention:\n    days: 3\n", "3:5", "this is a mapping"),
    Broken("credentials: r\n", "1:14", "“credentials” expects a list"),
    Broken("credentials:\n  name: r\n", "2:3", "“credentials” expects a list: items that begin with “- name: …”"),
    Broken("integrations:\n  - acme\n", "2:5", "expects a list of mappings, but this item is a single value"),
    Broken("my_network:\n  domains: example.com\n", "2:12", "“domains” expects a list, but this is a single value"),
    Broken(
        "my_network:\n  domains: [[a.com]]\n", "2:13",
        "expects a list in which each item is a domain such as example.com, but this item is a list"),
    Broken("- a\n", "1:1", "the file contains a list where keys are expected"),
    Broken("hello\n", "1:1", "the file contains a single value where keys are expected"),
    Broken("spool:\n  retention: !never x\n", "2:14", "the tag “!never” has no meaning here"),
    // Values
    Broken("state_directory: var/lib\n", "1:18", "“var/lib” is not an absolute path; begin the path with /"),
    Broken("state_directory: ~/x\n", "1:18", "not an absolute path"),
    Broken("spool:\n  compression: lz4\n", "2:16", "“lz4” is not a known value; write one of zstd, gzip, none"),
    Broken("spool:\n  compression: gzpi\n", "2:16", "did you mean “gzip”?"),
    Broken("spool:\n  segment_max_bytes: 64 MegaBytes\n", "2:22", "is not a size"),
    Broken("spool:\n  segment_max_bytes: 1B\n", "2:22", "1B is out of range; write a value from 1KiB to 4GiB"),
    Broken("spool:\n  max_bytes: 99999999999TiB\n", "2:14", "the size is too large"),
    Broken("spool:\n  segment_max_age: 5 minutes\n", "2:20", "“5 minutes” is not a duration"),
    Broken("spool:\n  segment_max_age: 0s\n", "2:20", "0s is out of range; write a value from 1s to 1d"),
    Broken("spool:\n  segment_max_age: -5m\n", "2:20", "is not a duration"),
    Broken("spool:\n  retention: forever\n", "2:14", "“forever” is not a retention"),
    Broken("spool:\n  retention: 1s\n", "2:14", "too short for a retention"),
    Broken("record:\n  schema_version: 1.9.0\n", "2:19", "write one of 1.8.0, 1.5.0, 1.3.0"),
    Broken("record:\n  raw_data: yes\n", "2:13", "“yes” is neither true nor false"),
    Broken("record:\n  catalogue: [/no/such/table.tsv]\n", "2:15", "the file “/no/such/table.tsv” does not exist"),
    Broken("record:\n  catalogue: [/]\n", "2:15", "“/” is not a file"),
    Broken("my_network:\n  ip_ranges: [203.0.113.7/24]\n", "2:15", "did you mean 203.0.113.0/24?"),
    Broken("my_network:\n  ip_ranges: [300.0.0.0/8]\n", "2:15", "is not an IP address or range"),
    Broken("my_network:\n  ip_ranges: [10.0.0.0/33]\n", "2:15", "write a number from 0 to 32"),
    Broken("my_network:\n  domains:\n    - \"*.example.com\"\n", "3:7", "is not a domain name"),
    Broken("network:\n  ca_file: /no/such.pem\n", "2:12", "does not exist"),
    Broken("network:\n  ca_file: /etc/passwd\n", "2:12", "there is no certificate in"),
    Broken("network:\n  proxy: socks5://p:1\n", "2:10", "the proxy's scheme must be http or https"),
    Broken("network:\n  proxy: http://joe:pass@p:1\n", "2:10", "must not contain a user name or password"),
    Broken("network:\n  proxy: http://p\n", "2:10", "the proxy's port is missing"),
    Broken("network:\n  proxy: http://[::1]\n", "2:10", "the proxy's port is missing"),
    Broken("network:\n  proxy_credentials_file: /no/such\n", "2:27", "does not exist"),
    Broken("network:\n  no_proxy: [a, 10.0.0.1/8]\n", "2:17", "did you mean 10.0.0.0/8"),
    Broken("network:\n  no_proxy: [http://a]\n", "2:14", "not an IP address or range"),
    Broken("network:\n  no_proxy: [\"a,b\"]\n", "2:14", "is not a host, an address or a range"),
    Broken("network:\n  no_proxy: a\n", "2:13", "expects a list"),
    Broken("network:\n  proxy: http://p:99999\n", "2:10", "the proxy's port must be from 1 to 65535"),
    Broken(ingesting + "      page_size: 0\n", "8:18", "0 is out of range; write a value from 1 to 1000"),
    Broken(ingesting + "      page_size: many\n", "8:18", "“many” is not a whole number"),
    Broken(
        ingesting + "      rate_limit_share: 1.5\n", "8:25", "1.5 is out of range; write a number above 0 and up to 1"),
    Broken(ingesting + "      rate_limit_share: 50%\n", "8:25", "“50%” is not a share"),
    Broken(ingesting + "      poll_interval: 2h\n", "8:22", "2h is out of range; write a value from 1s to 1h"),
    Broken(ingesting + "      start: yesterday\n", "8:14", "“yesterday” is not a start time"),
    Broken(ingesting + "      filter: eventType eq \"x\n", "8:15", "unpaired quotation mark"),
    // Names and references
    Broken("credentials:\n  - name: R\n", "2:11", "“R” is not a valid name"),
    Broken("credentials:\n  - name: ../etc\n", "2:11", "is not a valid name"),
    Broken("credentials:\n  - type: oauth\n", "2:5", "“name” is missing in “credentials”"),
    Broken("credentials:\n  - name:\n", "2:5", "“name” is missing in “credentials”"),
    Broken(credential + "  - name: r\n", "3:11", "the credential “r” already exists, at t.yaml:2:11"),
    Broken(
        ingesting.replacing("credential: r", with: "credential: x1x"), "7:19",
        "there is no credential “x1x”; add the credential under"),
    Broken(
        "credentials:\n  - name: acme-read\n" + integration + "    data_ingest:\n      credential: acme-raed\n", "7:19",
        "there is no credential “acme-raed”; did you mean “acme-read”?"),
    Broken(
        ingesting + "    response_action:\n      credential: r\n", "9:19",
        "a response action needs a credential with “permissions: write”, but “r” has only “read”"),
    Broken(
        ingesting + "  - name: a\n    url: b.okta.com\n    data_ingest: {credential: r}\n", "8:11",
        "“a” already exists, at t.yaml:4:11"),
    Broken(integration, "2:5", "the integration “a” does nothing; add data_ingest"),
    Broken(
        ingesting.replacing("a.okta.com", with: "00aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9n"), "5:10",
        "looks like a secret"),
    Broken(integration + "    data_ingst:\n      credential: r\n", "4:5", "did you mean “data_ingest”?"),
    Broken(integration + "    data_ingest: yes\n", "4:18", "“data_ingest” expects keys"),
    Broken(integration + "    data_ingest:\n", "4:5", "“credential” is missing in “integrations.data_ingest”"),
    Broken("integrations:\n  - name: a\n    data_ingest: {credential: r}\n" + credential, "2:5", "“url” is missing"),
    Broken(ingesting.replacing("a.okta", with: "http://a.okta"), "5:10", "plain http"),
    Broken(
        ingesting.replacing("a.okta", with: "https://joe:pass@a.okta"), "5:10",
        "the address must not contain a user name"),
    Broken(
        credential + "    type: oauth\n    client_id: 0oa1\n", "2:11",
        "the secret of the credential “r” can't be used: this is not a private key"),
    Broken(credential + "    type: oauth\n", "3:11", "“client_id” is missing: the credential “r” has type oauth"),
    Broken(credential + "    client_id: x\n", "3:5", "“client_id” has no effect with type api_token"),
    Broken(credential + "    permissions: admin\n", "3:18", "write one of read, write"),
    Broken(credential + "    expires: 2027-02-30\n", "3:14", "is not a day of the calendar"),
    Broken(credential + "    expires: soon\n", "3:14", "“soon” is not a date"),
    // Secrets
    Broken("credentials:\n  - name: nosuch\n", "2:11", "is missing: there is no file"),
    Broken(
        credential + "    secret_file: /no/such\n", "3:18", "there is no file “/no/such”; create the file, or correct"),
    Broken(credential + "    secret_file: /\n", "3:18", "is not a file"),
    Broken(credential + "    token: abc\n", "3:5", "a secret does not belong in the configuration"),
    // YAML
    Broken("", "0", "the file is empty"),
    Broken(" \n\n", "0", "the file is empty"),
    Broken("spool:\n\tretention: never\n", "2:1", "a tab in the indentation"),
    Broken("a: 1\n---\nb: 1\n", "2:1", "a second YAML document begins here"),
    Broken("spool: {retention: never\n", "2:1", "a mapping in braces (opened in line 1) is not closed"),
    Broken(
        "my_network:\n  domains: [a.com, b.com\nspool:\n", "3:6", "a list in brackets (opened in line 2) is not closed"),
    Broken("state_directory: \"/x\n", "2:1", "a quote (opened in line 1) is not closed"),
    Broken("spool:\n  retention: never\n compression: zstd\n", "3:2", "the indentation does not fit"),
    Broken("state_directory: /a: b\n", "1:20", "a “:” in a place where no key is possible"),
    Broken("state_directory\nspool:\n", "2:6", "in a place where no key is possible"),
    Broken("state_directory: @x\n", "1:18", "this character can't begin a value"),
    Broken("state_directory: *x\n", "1:18", "there is an alias (*name), but not its anchor"),
    Broken("state_directory: \u{7}\n", "1:18", "a control character (U+7)"),
    Broken("spool: " + String(repeating: "[", count: 5000), "1:", "nested too deeply"),
    Broken(
        "spool: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40), "1:", "nested too deeply"),
    Broken(String(repeating: "- ", count: 100_000), "1:", "nested too deeply"),
    Broken("a: &a [x, x]\n" + String(repeating: "b: [*a, *a]\n", count: 15), "12:5", "more than 20 aliases"),
    Broken(String(repeating: "#", count: 1 << 20) + "\n", "0", "the file has more than 1024 KiB"),
]

@Suite("a configuration with a mistake")
struct BrokenConfigurationTests {
    @Test(
        "a configuration with a mistake is refused, and the message has the position and the reason",
        arguments: brokenConfigurations)
    func refused(_ row: Broken) throws {
        let problems = try Workspace().problems(row.text)
        let first = try #require(problems.first, "the configuration was accepted")
        let place = "\(first.place.line)" + (first.place.line == 0 ? "" : ":\(first.place.column)")
        #expect(row.place.hasSuffix(":") ? place.hasPrefix(row.place) : place == row.place, "\(first)")
        #expect(first.description.contains(row.says), "\(first)")
        #expect(problems.allSatisfy { !$0.description.contains("\n") })
    }

    @Test("a single mistake in a configuration causes only one message", arguments: brokenConfigurations)
    func noFollowUps(_ row: Broken) throws {
        let problems = try Workspace().problems(row.text)
        #expect(problems.count == 1, "\(problems.map(\.description).joined(separator: "\n"))")
    }

    @Test("all problems of a configuration are reported together, in the order of their lines")
    func allTogether() throws {
        let problems = try Workspace().problems(
            "spool:\n  compression: lz4\n  max_bytes: x\nrecord:\n  raw: 1\ncredentials:\n  - name: A\n")
        #expect(problems.map(\.place.line) == [2, 3, 5, 7])
    }

    @Test("each problem of a configuration is one line in the form of a compiler message")
    func compilerStyle() throws {
        let workspace = try Workspace()
        let path = try workspace.write("tributary.yaml", "spool:\n  compresion: zstd\nrecrod: 1\n")
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(path: path, context: try workspace.context())
        }
        #expect(
            error.description == """
                \(path):2:3: error: unknown key “compresion” in “spool”; did you mean “compression”?
                \(path):3:1: error: unknown key “recrod”; did you mean “record”?
                """)
    }

    @Test("of 1000 problems of a configuration, 200 are reported")
    func bounded() throws {
        let text = (0..<1000).map { "unknown\($0): 1" }.joined(separator: "\n")
        let workspace = try Workspace()
        let error = try #require(throws: ConfigurationError.self) { try workspace.load(text) }
        #expect(error.problems.count == 200)
        #expect(error.description.hasSuffix("… and 800 more problems"))
    }

    @Test(
        "a configuration that is not in UTF-8 is refused, and the message says so",
        arguments: [
            ([0xFF, 0xFE, 0x61, 0x00], "UTF-16", 0), (Array("a: 1\nb: ".utf8) + [0xE9, 0x0A], "not valid UTF-8", 2),
        ] as [([UInt8], String, Int)])
    func encodings(_ bytes: [UInt8], _ says: String, _ line: Int) throws {
        let problems = try Workspace().problems([ConfigurationSource(file: "t.yaml", bytes: bytes)])
        #expect(problems.count == 1)
        #expect(problems.first?.message.contains(says) == true)
        #expect(problems.first?.place.line == line)
    }

    @Test("a configuration whose YAML aliases multiply (“billion laughs”) is refused")
    func aliasBomb() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x]\n"
        for level in 1...6 {
            text +=
                "a\(level): &a\(level) [" + [String](repeating: "*a\(level - 1)", count: 3).joined(separator: ", ")
                + "]\n"
        }
        #expect(try !Workspace().problems(text).isEmpty)
        #expect(try !Workspace().problems(text + "? *a6\n: x\n").isEmpty)
    }
}

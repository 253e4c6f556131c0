import Configuration
import Testing

@Suite("a token that was pasted into the wrong place")
struct PastedTokenTests {
    /// A made-up token in Okta's form.
    static let token = "00fKq3Zt9LwXb7RmPv2YcN8sHd5JgQ1aTe6Ui0oB4k"

    /// The token in different forms: complete, cut short, a part from its middle, quoted, and with common prefixes.
    static let forms = [
        token, String(token.prefix(12)), String(token.prefix(25)), String(token.dropFirst(10).prefix(15)),
        "\"\(token)\"", "'\(token.prefix(30))'", "SSWS \(token)", "Bearer \(token)", "\"SSWS \(token.prefix(20))\"",
    ]

    /// Configurations in which `@` stands for the token.
    static let places = [
        "@\n", "@: x\n", "state_directory: @\n", "state_directory: /srv/@\n", "runtime_directory: /run/@/x\n",
        "spool: @\n", "spool: {directory: /srv/@}\n", "spool: {compression: @}\n", "spool: {segment_max_bytes: @}\n",
        "spool: {segment_max_age: @}\n", "spool: {max_bytes: @}\n", "spool: {retention: @}\n", "spool: {@: 1}\n",
        "record: {schema_version: @}\n", "record: {raw_data: @}\n", "record: {catalogue: [@]}\n",
        "my_network: {domains: [@]}\n", "my_network: {ip_ranges: [@]}\n", "network: {ca_file: @}\n",
        "network: {proxy: @}\n", "network: {proxy: 'http://proxy:3128/@'}\n", "network: {no_proxy: [@]}\n",
        "network: {proxy_credentials_file: @}\n", "credentials: @\n", "credentials: [@]\n",
        "credentials:\n  - name: @\n", "credentials:\n  - name: x\n    type: @\n",
        "credentials:\n  - name: x\n    token: @\n", "credentials:\n  - name: x\n    description: @\n",
        "credentials:\n  - name: x\n    expires: @\n", "credentials:\n  - name: x\n    permissions: @\n",
        "credentials:\n  - name: x\n    secret_file: @\n", "credentials:\n  - name: x\n    secret_file: /etc/@\n",
        "credentials:\n  - name: x\n    type: oauth\n    client_id: @\n",
        "credentials:\n  - name: x\n    type: oauth\n    client_id: 0oa1\n    key_id: @\n",
        "integrations:\n  - name: @\n", "integrations:\n  - name: x\n    url: @\n",
        "integrations:\n  - name: x\n    url: https://acme.okta.com/?token=@\n",
        "integrations:\n  - name: x\n    url: https://@:x@acme.okta.com\n",
        "integrations:\n  - name: x\n    description: @\n",
        "integrations:\n  - name: x\n    data_ingest: {credential: @}\n",
        "integrations:\n  - name: x\n    data_ingest: {filter: @}\n",
        "integrations:\n  - name: x\n    data_ingest: {filter: 'actor.id eq @'}\n",
        "integrations:\n  - name: x\n    data_ingest: {start: @}\n",
        "integrations:\n  - name: x\n    data_ingest: {poll_interval: @}\n",
        "integrations:\n  - name: x\n    data_ingest: {page_size: @}\n",
        "integrations:\n  - name: x\n    data_ingest: {rate_limit_share: @}\n",
        "integrations:\n  - name: x\n    response_action: {credential: @}\n",
        "metrics: @\n", "metrics: {listen: @}\n", "metrics: {listen: 'unix:/run/@'}\n", "metrics: {textfile: @}\n",
        "metrics: {textfile: /srv/@/metrics.prom}\n", "response: {protected_users: [@]}\n",
        "response: {users_per_hour: @}\n",
        "delivery_directory: /run/@\n", "destinations: @\n", "destinations:\n  - {name: @}\n",
        bucket + "    description: @\n", bucket + "    prefix: @\n", bucket + "    endpoint: https://@\n",
        bucket + "    secret_file: /etc/@\n", bucket + "    @: x\n", bucket + "    server_side_encryption: @\n",
        bucket + "    credentials: process\n    credential_process: [/bin/key, --token, @]\n",
        "destinations:\n  - {name: x, type: s3, region: eu-west-1, bucket: @}\n",
        "destinations:\n  - {name: x, type: s3, bucket: b-u, region: @}\n",
        "destinations:\n  - {name: x, type: exec, command: [/bin/load, @]}\n",
        "destinations:\n  - {name: x, type: exec, command: [/bin/load, '--password=@']}\n",
        "fleet: @\n", "fleet: {name: @}\n", fleet + "  host: @\n", fleet + "  @: x\n",
        fleet.replacing("b-u", with: "@"), fleet.replacing("region", with: "prefix: @, region"),
        fleet.replacing("region", with: "endpoint: 'https://@', region"),
        fleet.replacing("region", with: "credentials: process, credential_process: [/bin/key, @], region"),
        fleet.replacing("region", with: "credentials: static, secret_file: /etc/@, region"),
        fleet.replacing("s3}", with: "@}"), fleet.replacing("s3}", with: "etcd, endpoints: [@]}"),
        fleet.replacing("s3}", with: "etcd, endpoints: ['https://@'], ca_file: /etc/@}"),
        fleet.replacing("s3}", with: "etcd, endpoints: ['https://@'], key_file: @, certificate_file: /@}"),
        fleet.replacing("s3}", with: "s3, ttl: @}"),
    ]

    private static let bucket =
        "destinations:\n  - name: x\n    type: s3\n    bucket: b-u\n    region: eu-west-1\n"

    private static let fleet =
        "fleet:\n  name: prod\n  log: {bucket: b-u, region: eu-west-1}\n  lease: {type: s3}\n"

    @Test(
        "no message contains six consecutive characters of a pasted token, wherever the token is in the configuration",
        arguments: places)
    func neverShown(place: String) throws {
        let workspace = try Workspace()
        for form in Self.forms {
            for around in ["", good] {
                let text = around + place.replacing("@", with: form)
                var said = ""
                do {
                    let configuration = try Configuration.load(
                        sources: [ConfigurationSource(file: "t.yaml", text: text)],
                        context: try workspace.context(secrets: .warned))
                    said = try configuration.describe() + configuration.summary.json()
                    said += configuration.warnings.map { $0.description + $0.key }.joined()
                } catch let error as ConfigurationError {
                    said = (error.problems + error.warnings).map { $0.description + $0.key }.joined(separator: "\n")
                }
                let leaked = Self.pieces.first { said.lowercased().contains($0) }
                #expect(leaked == nil, "\(text)\n\(said)")
            }
        }
    }

    /// All sequences of six characters of the token, in lower case, because some values are converted to lower case.
    static let pieces: [String] = {
        let characters = Array(token.lowercased())
        return (0...characters.count - 6).map { String(characters[$0..<$0 + 6]) }
    }()

    @Test(
        "a file name that looks like a token is accepted and shown only if it is the name of the credential"
    )
    func ownName() throws {
        let workspace = try Workspace()
        func load(_ file: String) throws -> Configuration {
            try Configuration.load(
                sources: [
                    ConfigurationSource(
                        file: "t.yaml", text: "credentials:\n  - secret_file: \(file)\n    name: 00org-4x4\n")
                ], context: try workspace.context(secrets: .warned))
        }
        let configuration = try load("/nowhere/00org-4x4")
        #expect(configuration.credential(named: "00org-4x4")?.secretFile == "/nowhere/00org-4x4")
        #expect(configuration.warnings.contains { $0.message.contains("/nowhere/00org-4x4") })
        for file in ["/nowhere/00org-5x5", "/4x4e1-9z/00org-4x4", "00org-4x4", "/\(Self.token)/00org-4x4"] {
            #expect(throws: ConfigurationError.self, "\(file)") { _ = try load(file) }
        }
    }

    @Test(
        "a message quotes a value that does not look like a secret",
        arguments: [
            "compresion", "64MB/s", "acme-prod2-read", "2026-11-31", "https://acme.okta.com", "segmentMaxAge",
            "o365-tenant1",
            "dev-12345678.okta.com", "20000000", "zstd-level-19",
        ])
    func ordinary(text: String) {
        #expect(LiteralSecret.quoted(text) == "“\(text)”")
        #expect(LiteralSecret.masked(text) == text)
    }
}

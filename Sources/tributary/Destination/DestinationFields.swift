import ArgumentParser
import Configuration
import Setup

/// What the flags of `add` and `edit` say of a destination: a flag for each key of the configuration.
struct DestinationFields: ParsableArguments {
    @Option(help: "For people.") var description: String?
    @Option(help: "How many segments are under way at once; from 1 to 16.") var concurrency: String?
    @Option(help: "s3: the bucket.") var bucket: String?
    @Option(help: "s3: what the objects' keys begin with.") var prefix: String?
    @Option(help: "s3: the bucket's region.") var region: String?
    @Option(help: "s3: the address of another store than Amazon's.") var endpoint: String?
    @Option(help: "s3: true puts the bucket into the path.") var pathStyle: String?
    @Option(
        help: "s3: auto, static, web_identity, container, imds or process.",
        completion: .list(DestinationCredentials.words))
    var credentials: String?
    @Option(parsing: .upToNextOption, help: "s3 with process: the command that writes an access key.")
    var credentialProcess: [String] = []
    @Option(help: "s3: AES256 or aws:kms.", completion: .list(ServerSideEncryption.words)) var serverSideEncryption:
        String?
    @Option(help: "s3: ndjson or parquet.", completion: .list(DestinationFormat.words)) var format: String?
    @Option(help: "s3: hive or security_lake.", completion: .list(DestinationLayout.words)) var layout: String?
    @Option(help: "security_lake: the AWS account of the source, 12 digits.") var accountId: String?
    @Option(help: "security_lake: what the name of each source begins with.") var sourcePrefix: String?
    @Option(help: "parquet: the Python that has pyarrow.", completion: .file()) var python: String?
    @Option(help: "http: elasticsearch, clickhouse or splunk.", completion: .list(DestinationProtocol.words))
    var `protocol`: String?
    @Option(help: "http: the server's address.") var url: String?
    @Option(help: "elasticsearch, splunk: the index; {integration}, {class} and {date} are filled in.") var index:
        String?
    @Option(help: "clickhouse: the table.") var table: String?
    @Option(help: "clickhouse, elasticsearch: the user whose password the secret is.") var user: String?
    @Option(help: "http: the largest body of a request; from 64KiB to 16MiB.") var requestBytes: String?
    @Option(help: "exec: how long the command may take; http: how long a request may take.") var timeout: String?
    @Option(parsing: .upToNextOption, help: "exec: the program by its absolute path, and its arguments.")
    var command: [String] = []
    @Option(
        help: "s3, http: a file of yours with the secret, which is not kept by this command then.", completion: .file())
    var secretFile: String?

    /// Each key of the configuration with what its flag says.
    private var keys: [(flag: String, key: String, texts: [String]?)] {
        let single: [(String, String?)] = [
            ("description", description), ("concurrency", concurrency), ("bucket", bucket), ("prefix", prefix),
            ("region", region), ("endpoint", endpoint), ("path_style", pathStyle), ("credentials", credentials),
            ("server_side_encryption", serverSideEncryption), ("format", format), ("layout", layout),
            ("account_id", accountId), ("source_prefix", sourcePrefix), ("python", python), ("protocol", `protocol`),
            ("url", url), ("index", index), ("table", table), ("user", user), ("request_bytes", requestBytes),
            ("timeout", timeout), ("secret_file", secretFile),
        ]
        let lists = [("command", command), ("credential_process", credentialProcess)]
        return single.map { key, text in (Self.flag(key), key, text.map { $0.isEmpty ? [] : [$0] }) }
            + lists.map { key, words in (Self.flag(key), key, words.isEmpty ? nil : words) }
    }

    private static func flag(_ key: String) -> String { "--" + key.replacing("_", with: "-") }

    var isEmpty: Bool { keys.allSatisfy { $0.texts == nil } }

    /// Sets what the flags say; an empty text takes a key out.
    func apply(to record: inout DestinationRecord) throws {
        for (flag, key, texts) in keys {
            guard let texts else { continue }
            do throws(ValueError) {
                try record.set(key, to: texts)
            } catch {
                throw ValidationError("\(flag): \(error)")
            }
        }
    }
}

extension CaseIterable where Self: RawRepresentable<String> {
    fileprivate static var words: [String] { allCases.map(\.rawValue) }
}

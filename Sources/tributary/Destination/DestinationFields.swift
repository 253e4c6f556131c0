import ArgumentParser
import Configuration
import Setup

/// The flags of `add` and `edit`: one for each key of a destination.
struct DestinationFields: ParsableArguments {
    @Option(help: "A description for people.") var description: String?
    @Option(help: "The number of segments that are delivered at the same time; from 1 to 16.") var concurrency: String?
    @Option(help: "s3: the bucket.") var bucket: String?
    @Option(help: "s3: the prefix of all objects' keys.") var prefix: String?
    @Option(help: "s3: the bucket's region.") var region: String?
    @Option(help: "s3: the address of a store other than Amazon's.") var endpoint: String?
    @Option(help: "s3: with the value true, the URL has the bucket's name in its path, not in its host name.")
    var pathStyle: String?
    @Option(
        help: "s3: where the access key comes from: auto, static, web_identity, container, imds or process.",
        completion: .list(DestinationCredentials.words))
    var credentials: String?
    @Option(parsing: .upToNextOption, help: "s3, with --credentials process: the command that prints an access key.")
    var credentialProcess: [String] = []
    @Option(
        help: "s3: how the bucket encrypts objects: AES256 or aws:kms.", completion: .list(ServerSideEncryption.words))
    var serverSideEncryption: String?
    @Option(help: "s3: the format of the objects: ndjson or parquet.", completion: .list(DestinationFormat.words))
    var format: String?
    @Option(
        help: "s3: the layout of the objects' keys: hive or security_lake.",
        completion: .list(DestinationLayout.words))
    var layout: String?
    @Option(help: "security_lake: the AWS account of the source, 12 digits.") var accountId: String?
    @Option(help: "security_lake: the prefix of the names of all sources.") var sourcePrefix: String?
    @Option(help: "parquet: a Python interpreter that has pyarrow.", completion: .file()) var python: String?
    @Option(
        help: "http: the server's protocol: elasticsearch, clickhouse or splunk.",
        completion: .list(DestinationProtocol.words))
    var `protocol`: String?
    @Option(help: "http: the server's address.") var url: String?
    @Option(help: "elasticsearch, splunk: the index; each record's values replace {integration}, {class} and {date}.")
    var index: String?
    @Option(help: "clickhouse: the table.") var table: String?
    @Option(help: "clickhouse, elasticsearch: the user name that belongs to the password.") var user: String?
    @Option(help: "http: the maximum size of a request's body; from 64KiB to 16MiB.") var requestBytes: String?
    @Option(help: "exec: the time limit of the command; http: the time limit of a request.") var timeout: String?
    @Option(parsing: .upToNextOption, help: "exec: the absolute path of the program, and its arguments.")
    var command: [String] = []
    @Option(
        help: "s3, http: your own file with the secret; this command then stores no secret.", completion: .file())
    var secretFile: String?

    /// Each key of a destination with its flag and the flag's values: nil if the flag is absent, empty if the key is to be removed.
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
            + lists.map { key, words in (Self.flag(key), key, words.isEmpty ? nil : words == [""] ? [] : words) }
    }

    private static func flag(_ key: String) -> String { "--" + key.replacing("_", with: "-") }

    var isEmpty: Bool { keys.allSatisfy { $0.texts == nil } }

    /// Sets the keys whose flags are given. An empty value removes the key.
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
    static var words: [String] { allCases.map(\.rawValue) }
}

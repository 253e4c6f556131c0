import Configuration
import Crypto
import Foundation
import TestSupport

/// A temporary directory for one test. It is removed at the end of the test.
final class Workspace: Sendable {
    let path: String

    /// A private key that is created for this run.
    static let key = P256.Signing.PrivateKey().pemRepresentation

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/tributary-configuration-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, creates its directories, and returns its absolute path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        let file = "\(path)/\(name)"
        let directory = String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)])
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }

    /// A context with a $CREDENTIALS_DIRECTORY that contains a secret for each credential that the tests use.
    func context(
        _ environment: [String: String] = [:], today: String = "2026-11-23",
        secrets: ConfigurationContext.SecretCheck = .required
    ) throws -> ConfigurationContext {
        for name in ["r", "w", "acme-read"] { try write("credentials/\(name)", "not a real secret") }
        for name in ["key", "acme-respond"] { try write("credentials/\(name)", Self.key) }
        return ConfigurationContext(
            environment: ["CREDENTIALS_DIRECTORY": "\(path)/credentials"].merging(environment) { $1 },
            today: try CalendarDate(parsing: today), secrets: secrets)
    }

    func load(_ text: String, today: String = "2026-11-23") throws -> Configuration {
        try Configuration.load(
            sources: [ConfigurationSource(file: "t.yaml", text: text)], context: try context(today: today))
    }

    /// The problems that are reported for a configuration; empty if it is accepted.
    func problems(_ text: String) throws -> [ConfigurationProblem] {
        try problems([ConfigurationSource(file: "t.yaml", text: text)])
    }

    func problems(_ sources: [ConfigurationSource]) throws -> [ConfigurationProblem] {
        do {
            _ = try Configuration.load(sources: sources, context: try context())
            return []
        } catch let error as ConfigurationError {
            return error.problems
        }
    }
}

/// A small valid configuration; tests append lines to it.
let good = """
    credentials:
      - name: r
      - name: w
        permissions: write
    integrations:
      - name: acme
        url: https://acme.okta.com
        data_ingest:
          credential: r
        response_action:
          credential: w

    """

/// The configuration file that the package installs: config/tributary.yaml.
enum InstalledExample {
    static let path = Repository.file("config/tributary.yaml").path

    /// The installed example with every key in use. The files that the example names are created in the workspace.
    static func loaded(in workspace: Workspace) throws -> Configuration {
        for name in ["etcd-ca.pem", "etcd-client.pem", "credentials/etcd-client-key"] {
            try workspace.write(name, "-----BEGIN CERTIFICATE-----\n")
        }
        let text = try everyKeyInUse()
            // The example shows two ways to get the access key of a fleet's bucket. Only one may be in use, so the other is removed.
            .replacing("    credential_process: [/usr/local/bin/get-key, --profile, fleet]\n", with: "")
            .replacing("/etc/tributary/etcd-", with: "\(workspace.path)/etcd-")
            .replacing("/etc/tributary/secrets/proxy", with: try workspace.write("proxy", "joe:hunter2"))
            .replacing("/etc/tributary/secrets", with: "\(workspace.path)/credentials")
            .replacing("/etc/tributary/events.tsv", with: try workspace.write("events.tsv", "x"))
            .replacing(
                "/etc/ssl/certs/ca-certificates.crt",
                with: try workspace.write("ca.pem", "-----BEGIN CERTIFICATE-----\n"))
        return try workspace.load(text)
    }

    static func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// The text of the example, without the “#” at the beginning of lines such as “#key: value” and “#- name: value”.
    static func everyKeyInUse() throws -> String {
        try text().split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            guard rest.hasPrefix("#"), let next = rest.dropFirst().first, next.isLetter || next == "-" else {
                return String(line)
            }
            return String(indent + rest.dropFirst())
        }.joined(separator: "\n")
    }
}

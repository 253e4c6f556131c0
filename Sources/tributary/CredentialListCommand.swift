import ArgumentParser
import Collector
import CommandHints
import Configuration
import Credentials
import CurlHTTPClient
import FoundationEssentials
import Glibc
import OktaAPI

struct CredentialList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List all credentials: the integrations that use them, expiry, last use, and health.",
        discussion: """
            A green credential works. A yellow one works, too, but you must do something about it soon. A red one does not work. With root's rights \
            (sudo), the secrets themselves are checked, too, but never shown. Exits with 69 if a credential is red.

            Example:
              sudo tributary credential list
              sudo tributary credential list --json | jq '.[] | select(.health != "green")'
            """)

    @OptionGroup var options: CredentialOptions
    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        try await options.attempt {
            guard !options.isOfDelivery else { return try DeliverySecret.list(options, json: json) }
            let rows = try CredentialTable(options).rows()
            if json {
                print(try CredentialTable.json(rows))
            } else {
                for line in CredentialTable.text(rows, .output) { print(line) }
            }
            if rows.contains(where: { $0.health == .red }) { throw ExitStatus.unavailable }
        }
    }
}

struct CredentialShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show all details of a credential except its secret.",
        discussion: """
            Example:
              sudo tributary credential show acme-read
            """)

    @OptionGroup var options: CredentialOptions
    @Argument(help: "The credential.", completion: .names(of: .credentials)) var name: String
    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        try await options.attempt {
            let name = try options.name(name)
            let table = CredentialTable(options)
            _ = try options.known(name, in: options.load())
            let rows = try table.rows().filter { $0.name == name.text }
            if json {
                print(try CredentialTable.json(rows))
            } else {
                for row in rows { print(row.details(.output)) }
            }
        }
    }
}

/// All credentials: their settings, and what this host and the running daemon know about each of them.
struct CredentialTable {
    private let options: CredentialOptions

    init(_ options: CredentialOptions) { self.options = options }

    struct Row: Encodable {
        var name: String
        var description: String?
        var type: String
        var permissions: String
        var usedBy: [String]
        var expires: String?
        var lastUse: String?
        var secret: String
        var secretSince: String?
        var health: CredentialHealth.Colour
        var reasons: [String]

        /// All facts about the credential as text, one fact per line.
        func details(_ terminal: Terminal) -> String {
            [
                ("name", name), ("description", description?.printable ?? "none"), ("type", type),
                ("permissions", permissions),
                ("used by", usedBy.isEmpty ? "nothing" : usedBy.joined(separator: ", ")),
                ("expires", expires ?? "not known"),
                ("last use", lastUse ?? "not known"), ("secret", secret + (secretSince.map { ", since \($0)" } ?? "")),
                ("health", CredentialTable.paint(health, terminal)),
            ].map { $0.0 + String(repeating: " ", count: 14 - $0.0.count) + $0.1 }.joined(separator: "\n")
                + reasons.map { "\n              \($0)" }.joined()
        }
    }

    /// The integrations that use a credential.
    static func users(of name: Name, in configuration: Configuration) -> [String] {
        configuration.integrations.filter {
            $0.dataIngest?.credential.name == name || $0.responseAction?.credential.name == name
        }.map(\.name.text)
    }

    func rows() throws -> [Row] {
        let configuration = try options.load()
        let keeper = try options.administration.keeper
        let uses = CredentialUses(stateDirectory: configuration.stateDirectory)
        let refusals = Self.refusals(inDirectory: configuration.runtimeDirectory)
        return try configuration.credentials.map { credential in
            let name = credential.name
            let users = Self.users(of: name, in: configuration)
            let (secret, since, problem) = try Self.secret(of: credential, keeper)
            let lastUse = uses.lastUse(of: name.text)
            let health = CredentialHealth(
                .init(
                    type: credential.type, expires: credential.expires, today: options.context.today,
                    lastUseDay: lastUse.map { $0 / 86_400 }, putDay: since.map { $0 / 86_400 }, isUsed: !users.isEmpty,
                    secretProblem: problem, refusal: refusals[name.text]))
            return Row(
                name: name.text, description: credential.description.map(LiteralSecret.masked),
                type: credential.type.rawValue, permissions: credential.permissions.rawValue, usedBy: users,
                expires: credential.expires?.description, lastUse: lastUse.map { WallClock.text(Int64($0) * 1000) },
                secret: secret, secretSince: since.map { WallClock.text(Int64($0) * 1000) }, health: health.colour,
                reasons: health.reasons)
        }
    }

    /// Where the secret is stored, since when, and why it can't be used (nil if no reason is known).
    private static func secret(
        of credential: Configuration.Credential, _ keeper: SecretKeeper
    ) throws -> (place: String, since: Int?, problem: String?) {
        let file = credential.secretFile
        let failure = SecretFailure.reason(besides: file).map {
            "the unit could not provide the secret to the service: \($0)"
        }
        var status = stat()
        if stat(file, &status) == 0 || errno == EACCES {
            let isReadable = access(file, R_OK) == 0
            var problem: String?
            if isReadable {
                do throws(CredentialError) {
                    if credential.type == .oauth {
                        _ = try OAuthCredential.keyFile(file).value()
                    } else {
                        try APITokenFile(path: file).check()
                    }
                } catch {
                    problem = error.description
                }
            }
            // The unit rewrites a file under /run each time it provides the secrets. So the time at which the secret was stored is returned, not the
            // time of that file.
            let kept = try? keeper.putAt(credential.name)
            let own = isReadable && !file.hasPrefix("/run/") ? Int(status.st_mtim.tv_sec) : nil
            return (file, own ?? kept, problem)
        }
        guard geteuid() == 0 else { return ("only root can see where the secret is stored", nil, failure) }
        guard let form = try keeper.form(of: credential.name) else {
            let command = CommandHint.command("credential rotate \(credential.name)")
            return ("none", nil, failure ?? "the secret is missing; to store it: \(command)")
        }
        return (form == .encrypted ? "encrypted" : "kept unencrypted", try keeper.putAt(credential.name), failure)
    }

    /// The problems that the running daemon reports about credentials, by the credential's name.
    private static func refusals(inDirectory directory: String) -> [String: String] {
        guard let data = FileManager.default.contents(atPath: "\(directory)/\(StatusReport.fileName)"),
            let report = try? StatusReport(decoding: data), StatusFile.isHeld(inDirectory: directory, by: report)
        else { return [:] }
        var found: [String: String] = [:]
        for integration in report.integrations {
            guard let problem = integration.problem, ["unauthorized", "credential"].contains(problem.kind) else {
                continue
            }
            found[integration.credential] = "\(integration.name): \(problem.message)"
        }
        return found
    }

    static func json(_ rows: [Row]) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(rows), as: UTF8.self).printableJSON
    }

    static func text(_ rows: [Row], _ terminal: Terminal) -> [String] {
        guard !rows.isEmpty else {
            return ["no credentials; add one with: \(CommandHint.command("credential add NAME"))"]
        }
        let head = ["NAME", "TYPE", "PERMISSIONS", "USED BY", "EXPIRES", "LAST USE", "HEALTH"]
        let table =
            [head]
            + rows.map { row in
                [
                    row.name, row.type, row.permissions, row.usedBy.isEmpty ? "-" : row.usedBy.joined(separator: ","),
                    row.expires ?? "-", row.lastUse ?? "-", row.health.rawValue,
                ]
            }
        let widths = head.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        var lines: [String] = []
        for (index, cells) in table.enumerated() {
            var line = ""
            for (column, cell) in cells.dropLast().enumerated() {
                line += cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            line += index == 0 ? cells[6] : paint(rows[index - 1].health, terminal)
            lines.append(line)
            if index > 0 { lines += rows[index - 1].reasons.map { "  \($0)" } }
        }
        return lines
    }

    static func paint(_ colour: CredentialHealth.Colour, _ terminal: Terminal) -> String {
        switch colour {
        case .green: terminal.green(colour.rawValue)
        case .yellow: terminal.yellow(colour.rawValue)
        case .red: terminal.red(colour.rawValue)
        }
    }
}

import Configuration
import Testing

@Suite("a secret in the configuration")
struct SecrecyTests {
    /// A made-up secret in Okta's form.
    static let token = "00aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_xY"

    static let texts: [String] = [
        "credentials:\n  - name: r\n    token: \(token)\n",
        "credentials:\n  - name: r\n    api-token: hunter2\n",
        "credentials:\n  - name: r\n    secret: hunter2\n",
        "credentials:\n  - name: r\n    password: hunter2\n",
        "credentials:\n  - name: r\n    client_secret: {a: hunter2}\n",
        "credentials:\n  - name: r\n    secret_file: \(token)\n",
        "credentials:\n  - name: r\n    secret_file: SSWS \(token)\n",
        "credentials:\n  - name: r\n    secret_file: SSWS hunter2\n",
        "credentials:\n  - name: r\n    secret_file: /\(token)\n",
        "credentials:\n  - name: r\n    description: the token is \(token)\n",
        "credentials:\n  - name: \(token)\n",
        "credentials:\n  - name: r\n    \(token): x\n",
        "credentials:\n  - name: r\n    expires: \(token.dropLast(7))\n",
        "credentials:\n  - name: r\n    expires: \(token)x\n",
        "credentials:\n  - \(token)\n",
        "credentials: \(token)\n",
        "credentials: [[\(token)]]\n",
        "\(token)\n",
        "\(token): \(token)\n\(token): 1\n",
        "unknown: \(token)\n",
        "unknown: {a: [\(token)]}\n",
        "spool:\n  compression: \(token)\n  retention: &\(token) x\n",
        "spool: *\(token)\n",
        "spool: !\(token) x\n",
        "spool: \"\(token)\n",
        "state_directory: \(token): x\n",
        "credentials:\n  - name: r\n    key_id: |\n      -----BEGIN PRIVATE KEY-----\n      hunter2\n",
        "network:\n  proxy: http://joe:hunter2@proxy:1\n",
        "network:\n  proxy_credentials: joe:hunter2\n",
        "network:\n  proxy_password: hunter2\n",
        "integrations:\n  - name: a\n    url: https://joe:hunter2@acme.okta.com\n",
        "integrations:\n  - name: a\n    url: https://acme.okta.com/?token=\(token)\n",
    ]

    @Test("a secret in the configuration is refused and never repeated in a message", arguments: texts)
    func neverRepeated(_ text: String) throws {
        let problems = try Workspace().problems(text)
        #expect(!problems.isEmpty)
        for problem in problems {
            let said = problem.description + problem.key
            #expect(!said.contains("hunter2"), "\(said)")
            #expect(!said.contains(Self.token.prefix(12)), "\(said)")
        }
    }

    @Test(
        "if the configuration has a key such as token or password, it is refused, and the message says where a secret belongs"
    )
    func explained() throws {
        let problem = try #require(try Workspace().problems(Self.texts[0]).first)
        #expect(problem.description.contains("secret_file"))
        #expect(problem.description.contains("revoke"))
        #expect(problem.place.line == 3)
    }

    @Test(
        "a loaded configuration contains the path of a secret's file and not the secret"
    )
    func onlyPaths() throws {
        let workspace = try Workspace()
        let secret = try workspace.write("s", Self.token)
        let configuration = try workspace.load(
            good.replacing("  - name: r\n", with: "  - name: r\n    secret_file: \(secret)\n"))
        #expect(!configuration.describe().contains(Self.token))
        #expect(try !configuration.summary.json().contains(Self.token))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains(Self.token))
        #expect(configuration.credential(named: "r")?.secretFile == secret)
    }

    /// A correct private-key file, and private-key files with typical mistakes.
    enum KeyFile: String, CaseIterable {
        case whole, cut, changed, encrypted, twice, bare, json

        var text: String {
            let key = Workspace.key
            let lines = key.split(separator: "\n")
            return switch self {
            case .whole: key
            case .cut: String(key.dropLast(60))
            case .changed: key.replacing("M", with: "N")
            case .encrypted: lines[0] + "\nProc-Type: 4,ENCRYPTED\n\n" + lines.dropFirst().joined(separator: "\n")
            case .twice: key + key
            case .bare: lines.dropFirst().dropLast().joined()
            case .json: "{\"kty\":\"RSA\",\"n\":\"\(lines[1])\"}"
            }
        }
    }

    @Test("no part of a private key is shown, whether the key is valid or broken", arguments: KeyFile.allCases)
    func privateKeys(file: KeyFile) throws {
        let workspace = try Workspace()
        let secret = try workspace.write("s", file.text)
        let text = good.replacing(
            "  - name: r\n", with: "  - name: r\n    type: oauth\n    client_id: 0oa1\n    secret_file: \(secret)\n")
        var said = ""
        if file == .whole {
            let configuration = try workspace.load(text)
            said = try configuration.describe() + configuration.summary.json()
            dump(configuration, to: &said)
        } else {
            let problems = try workspace.problems(text)
            #expect(problems.first?.place.line == 5)
            said = problems.map { $0.description + $0.key }.joined()
            #expect(said.contains("can't be used"))
        }
        for line in Workspace.key.split(separator: "\n") where !line.hasPrefix("-----") {
            #expect(!said.contains(line.prefix(12)), "\(said)")
        }
    }

    @Test("a message that quotes a value contains no control characters")
    func controlCharacters() throws {
        let problems = try Workspace().problems("spool:\n  compression: \"a\\e[31m\\u202e\\nx\"\n")
        let said = try #require(problems.first).description
        #expect(said.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != "\u{202e}" })
    }
}

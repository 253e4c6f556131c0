import Delivery
import Foundation
import NetworkFixtures
import Synchronization
import Testing

/// Tests the dialogs with small servers. Suites/delivery tests each step with real stores and servers.
@Suite("tributary destination", .timeLimit(.minutes(5)))
struct DestinationCommandTests {
    private func installation(_ more: String = "") throws -> Workspace {
        let workspace = try Workspace()
        let text = """
            delivery_directory: \(workspace.path("deliver"))
            runtime_directory: \(workspace.path("run"))
            spool: {directory: \(workspace.path("from"))}
            \(more)

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: workspace.configuration))
        return workspace
    }

    private func saved(_ workspace: Workspace, _ name: String) -> String? {
        try? String(contentsOfFile: workspace.path("conf.d/destination-\(name).yaml"), encoding: .utf8)
    }

    private func secret(_ workspace: Workspace, _ name: String) -> String? {
        try? String(contentsOfFile: workspace.path("credentials-deliver/\(name)/\(name)"), encoding: .utf8)
    }

    /// A store that accepts one access key, and answers every second PUT as if the object already existed.
    private static func store(keyID: String) throws -> LoopbackServer {
        final class Puts: Sendable { let value = Mutex(0) }
        let puts = Puts()
        return try LoopbackServer { head in
            guard head.contains("Credential=\(keyID)/") else {
                return .text(
                    "HTTP/1.1 403 X\r\nContent-Length: 46\r\n\r\n<Error><Code>InvalidAccessKeyId</Code></Error>")
            }
            guard head.hasPrefix("PUT ") else { return .text("HTTP/1.1 204 X\r\n\r\n") }
            let number = puts.value.withLock {
                $0 += 1
                return $0
            }
            return number.isMultiple(of: 2)
                ? .text("HTTP/1.1 412 X\r\nContent-Length: 0\r\n\r\n") : .answer("ETag: \"e\"", "")
        }
    }

    @Test("on a terminal, `add` asks for a bucket and its access key, tests them, and does not show the secret")
    func bucket() async throws {
        let store = try Self.store(keyID: "AKIARIGHT")
        let workspace = try installation()
        func add() throws -> PseudoTerminal {
            try PseudoTerminal([
                "destination", "add", "lake", "--endpoint", store.url, "--config", workspace.configuration,
            ])
        }
        let wrong = try add()
        try await wrong.wait(for: "1) s3")
        try await wrong.answer("Choice [1]", "4")
        try await wrong.answer("write a number from 1 to 3", "1")
        try await wrong.answer("Bucket: ", "")
        try await wrong.answer("a value is required", "La_ke")
        try await wrong.answer("Bucket: ", "example-lake")
        try await wrong.answer("Access key from [auto]: ", "static")
        try await wrong.answer("Access key ID: ", "AKIA WRONG")
        try await wrong.answer("this is not an access key", "AKIAWRONG")
        try await wrong.answer("Secret access key (not shown): ", "hunter2hunter2")
        try await wrong.wait(for: "InvalidAccessKeyId")
        try await wrong.wait(for: "nothing was saved")
        #expect(try await wrong.end() == 69)
        #expect(saved(workspace, "lake") == nil)
        #expect(secret(workspace, "lake") == nil)

        let right = try add()
        try await right.answer("Choice [1]", "")
        try await right.answer("Bucket: ", "example-lake")
        try await right.answer("Access key from [auto]: ", "static")
        try await right.answer("Access key ID: ", "AKIARIGHT")
        try await right.answer("Secret access key (not shown): ", "hunter2hunter2")
        try await right.wait(for: "✔ once  a second object with the same key is refused")
        try await right.wait(for: "✔ clean up  the test object was removed")
        try await right.wait(for: "lake is saved in ")
        try await right.wait(for: "systemctl enable --now tributary-deliver@lake")
        #expect(try await right.end() == 0)
        let file = try #require(saved(workspace, "lake"))
        #expect(file.contains("bucket: example-lake") && file.contains("credentials: static"))
        #expect(
            secret(workspace, "lake") == "aws_access_key_id = AKIARIGHT\naws_secret_access_key = hunter2hunter2\n")
        for text in [wrong.screen, right.screen, file] { #expect(!text.contains("hunter2")) }
    }

    @Test(
        "on a terminal, `add` asks for a server and its token, and asks again after a mistake; after Ctrl-C nothing is saved"
    )
    func server() async throws {
        let server = try LoopbackServer { head in
            guard head.contains("Authorization: ApiKey right-token\r\n") else {
                return .text("HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n")
            }
            return head.hasPrefix("GET / ")
                ? .answer("", #"{"version":{"number":"9.9.9"}}"#)
                : .text("HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\n{}")
        }
        let workspace = try installation()
        func add() throws -> PseudoTerminal {
            try PseudoTerminal(["destination", "add", "search", "--config", workspace.configuration])
        }
        let stopped = try add()
        try await stopped.answer("Choice [1]", "3")
        try await stopped.wait(for: "Protocol [elasticsearch]: ")
        stopped.type("\u{3}")
        #expect(try await stopped.end() != 0)
        #expect(saved(workspace, "search") == nil)

        let terminal = try add()
        try await terminal.answer("Choice [1]", "3")
        try await terminal.answer("Protocol [elasticsearch]: ", "kafka")
        try await terminal.answer("Protocol [elasticsearch]: ", "")
        try await terminal.answer("Address: ", "not an address")
        try await terminal.answer("Address: ", server.url)
        try await terminal.answer("Index [okta-{date}]: ", "")
        try await terminal.answer("Token or password (not shown): ", "right-token")
        try await terminal.wait(for: "✔ server  elasticsearch 9.9.9")
        try await terminal.wait(for: "✔ guarantee  exactly once")
        try await terminal.wait(for: "search is saved in ")
        #expect(try await terminal.end() == 0)
        #expect(saved(workspace, "search")?.contains("protocol: elasticsearch") == true)
        #expect(secret(workspace, "search") == "right-token")
        #expect(!terminal.screen.contains("right-token"))
    }

    @Test("on a terminal, `add` asks for a program, and names the systemd unit that may start programs")
    func command() async throws {
        let workspace = try installation()
        let terminal = try PseudoTerminal(["destination", "add", "warehouse", "--config", workspace.configuration])
        try await terminal.answer("Choice [1]", "2")
        try await terminal.answer("Program, by its absolute path: ", "load")
        try await terminal.answer("write the absolute path", "/bin/cat")
        try await terminal.wait(for: "warehouse is saved in ")
        try await terminal.wait(for: "systemctl enable --now tributary-deliver-exec@warehouse")
        #expect(try await terminal.end() == 0)
        #expect(saved(workspace, "warehouse")?.contains("/bin/cat") == true)
    }

    @Test(
        "`check`, `destination list`, `destination show` and the delivery report the same guarantee for each type of destination"
    )
    func guarantees() async throws {
        let kinds = [
            ("lake", "type: s3, bucket: lake, endpoint: 'http://127.0.0.1:1', credentials: static", "exactly_once"),
            ("warehouse", "type: exec, command: [/bin/true]", "by_command"),
            ("search", "type: http, protocol: elasticsearch, url: 'http://127.0.0.1:1', index: okta", "exactly_once"),
            (
                "columns", "type: http, protocol: clickhouse, url: 'http://127.0.0.1:1', table: okta, user: loader",
                "exactly_once"
            ),
            ("siem", "type: http, protocol: splunk, url: 'http://127.0.0.1:1'", "at_least_once"),
        ]
        let workspace = try installation(
            "destinations:\n" + kinds.map { "  - {name: \($0.0), \($0.1)}\n" }.joined())
        func run(_ words: [String]) throws -> String {
            let arguments = words + ["--config", workspace.configuration]
            return try Programs.tributary(arguments, in: workspace).output
        }
        struct Checked: Decodable { let destinations: [Destination] }
        struct Destination: Decodable { let name: String, guarantee: String }
        let expected = Dictionary(uniqueKeysWithValues: kinds.map { ($0.0, $0.2) })
        func found(_ list: [Destination]) -> [String: String] {
            Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0.guarantee) })
        }
        let checked = try JSONDecoder().decode(Checked.self, from: Data(try run(["check", "--json"]).utf8))
        #expect(found(checked.destinations) == expected)
        let listed = try JSONDecoder().decode(
            [Destination].self, from: Data(try run(["destination", "list", "--json"]).utf8))
        #expect(found(listed) == expected)
        let text = try run(["check"])
        for (name, _, guarantee) in kinds {
            let words = guarantee.replacing("_", with: " ").replacing("by command", with: "depends on the command")
            #expect(text.split(separator: "\n").contains { $0.hasPrefix("  \(name)") && $0.contains(words) }, "\(text)")
            #expect(try run(["destination", "show", name]).contains(words))
            let process = Process()
            process.executableURL = Programs.tributary
            process.arguments = ["deliver", name, "--config", workspace.configuration]
            process.standardError = FileHandle.nullDevice
            try process.run()
            func report() -> DeliveryReport? {
                FileManager.default.contents(atPath: workspace.path("deliver/\(name)/status.json")).flatMap {
                    try? DeliveryReport(decoding: $0)
                }
            }
            while report() == nil, process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
            #expect(report()?.guarantee.rawValue == guarantee)
            process.terminate()
            process.waitUntilExit()
        }
    }
}

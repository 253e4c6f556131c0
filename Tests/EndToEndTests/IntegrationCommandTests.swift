import Collector
import Foundation
import NetworkFixtures
import OktaSimulator
import Testing

@Suite(
    "tributary integration",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"),
    .timeLimit(.minutes(20)))
struct IntegrationCommandTests {
    private func org(_ seed: UInt64, events: Int = 300, rate: Double = 0) async throws -> SimulatedOrg {
        var settings = OrgSettings()
        settings.eventCount = events
        settings.seed = seed
        settings.rate = rate
        settings.limitPerMinute = 1_000_000
        return try await SimulatedOrg.start(settings)
    }

    /// A workspace without credentials and integrations, as after an installation.
    private func installation(_ more: String = "") throws -> Workspace {
        let workspace = try Workspace()
        let text = """
            state_directory: \(workspace.path("state"))
            runtime_directory: \(workspace.path("run"))
            spool: {directory: \(workspace.spool), segment_max_age: 1s}
            \(more)

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: workspace.configuration))
        return workspace
    }

    /// The configuration files and secrets with their contents.
    private func saved(_ workspace: Workspace) -> [String: String] {
        var found: [String: String] = [:]
        for directory in ["conf.d", "credentials"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: workspace.path(directory))) ?? []
            for name in names {
                found["\(directory)/\(name)"] =
                    (try? String(contentsOfFile: workspace.path("\(directory)/\(name)"), encoding: .utf8)) ?? "?"
            }
        }
        return found
    }

    private func run(
        _ arguments: [String], input: String = "", in workspace: Workspace
    ) throws -> Programs.Outcome {
        try Programs.tributary(
            arguments + ["--config", workspace.configuration], input: Data(input.utf8), in: workspace)
    }

    @Test(
        "on a terminal, `add` asks for all values, asks again after a wrong address or token, and shows the first collected events"
    )
    func guided() async throws {
        let org = try await org(1)
        let workspace = try installation()
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the daemon's first status") { $0 != nil }
        let terminal = try PseudoTerminal(["integration", "add", "--config", workspace.configuration])
        try await terminal.answer("Name, such as acme", "Acme!")
        try await terminal.answer("not a valid name", "acme")
        try await terminal.answer("Description", "the one: \"and only\"")
        try await terminal.answer("Address of the org", "acme")
        // No program listens on port 1 of this machine.
        try await terminal.answer("write https://acme.okta.com", "http://127.0.0.1:1/admin")
        try await terminal.wait(for: "→ http://127.0.0.1:1")
        try await terminal.answer("Choice [1]", "")
        try await terminal.answer("How far back", "")
        try await terminal.answer("Choice [1]", "1")
        try await terminal.answer("Name of the credential [acme-read]", "")
        try await terminal.answer("API token of acme-read (not shown): ", "00wrong")
        try await terminal.wait(for: "✘ connection")
        try await terminal.answer("Address of the org [http://127.0.0.1:1]: ", org.url)
        try await terminal.wait(for: "✘ credential")
        try await terminal.wait(for: "401")
        #expect(saved(workspace).isEmpty)
        try await terminal.answer("Choice [1]", "1")
        try await terminal.answer("Name of the credential [acme-read]", "")
        try await terminal.answer("API token of acme-read (not shown): ", org.settings.tokens[0])
        try await terminal.wait(for: "✔ newest event")
        try await terminal.answer("Domains, such as", "example.com, example.net")
        try await terminal.answer("IP ranges", "203.0.113.0/33")
        try await terminal.answer("no valid prefix length", "203.0.113.0/24")
        try await terminal.wait(for: "✔ acme is saved")
        try await terminal.wait(for: "✔ acme collects: ")
        #expect(try await terminal.end() == 0)
        #expect(!terminal.screen.contains(org.settings.tokens[0]) && !terminal.screen.contains("00wrong"))

        #expect(
            Set(saved(workspace).keys) == [
                "conf.d/acme.yaml", "conf.d/credential-acme-read.yaml", "conf.d/my_network.yaml",
                "credentials/acme-read",
            ])
        let shown = try run(["integration", "show", "acme", "--json"], in: workspace)
        #expect(shown.output.contains("the one: \\\"and only\\\""))
        #expect(shown.output.contains("\"data_ingest.poll_interval\" : \"15s\""), "\(shown.output)")
        #expect(try run(["network", "show"], in: workspace).output.contains("example.com, example.net"))

        // The second run of `add` does not ask for domains and IP ranges again, and offers the saved credential.
        let other = try await self.org(2)
        let second = try PseudoTerminal(
            ["integration", "add", "globex", "--url", other.url, "--config", workspace.configuration])
        try await second.answer("Description", "")
        try await second.answer("Choice [1]", "")
        try await second.answer("How far back", "1d")
        try await second.wait(for: "1) acme-read")
        // acme-read must not be the default: if the person presses only Enter, the first org's token must not be sent to the second org.
        try await second.answer("Choice [2]", "1")
        try await second.wait(for: "✔ globex collects: ")
        #expect(try await second.end() == 0)
        #expect(!second.screen.contains("Domains"))
        try await daemon.waitUntilLive(integrations: 2)
        #expect(daemon.stop() == 0)
        try workspace.expectExactly(org, of: "acme")
        try workspace.expectExactly(other, of: "globex")
        for org in [org, other] { await org.stop() }
    }

    @Test(
        "`add` with flags and standard input never asks; if a value is missing or refused, it says so and saves nothing"
    )
    func flags() async throws {
        let org = try await org(3)
        let token = org.settings.tokens[0]
        let workspace = try installation()
        for (arguments, input, status, words) in [
            ([], token, 64, "NAME is missing"), (["acme"], token, 64, "--url is missing"),
            (["acme", "--url", "acme"], token, 64, "https://acme.okta.com"),
            (["credential-x", "--url", org.url], token, 65, "begins with credential-"),
            (["acme", "--url", org.url], "", 64, "the secret of acme-read is missing"),
            (["acme", "--url", org.url], "00wrong", 77, "nothing was changed"),
            (["acme", "--url", "http://127.0.0.1:1"], token, 69, "nothing was changed"),
            (["acme", "--url", org.url, "--page-size", "0"], token, 64, "--page-size"),
            (["acme", "--url", org.url, "--domain", "example"], token, 64, "--domain"),
            (["acme", "--url", org.url, "--data-ingest", "--response-action"], token, 64, "one secret"),
            (["acme", "--url", org.url, "--enable"], token, 64, "--enable starts the service"),
            (
                ["acme", "--url", org.url, "--no-data-ingest", "--response-action", "--credential", "r"], token, 64,
                "--credential has no effect"
            ),
        ] as [([String], String, Int32, String)] {
            let outcome = try run(["integration", "add"] + arguments, input: input, in: workspace)
            #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
            #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
            #expect(outcome.output.isEmpty)
            #expect(saved(workspace).isEmpty, "\(arguments)")
            #expect(!outcome.errors.contains(token) && !outcome.errors.contains("00wrong"))
        }
        let added = try run(
            [
                "integration", "add", "acme", "--url", org.url + "/", "--description", "d", "--json", "--domain",
                "example.com", "--filter", "eventType sw \"user.\"",
            ], input: token, in: workspace)
        #expect(added.status == 0, "\(added.errors)")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(added.output.utf8)) as? [String: Any])
        #expect(json["state"] as? String == "not_running")
        #expect(json["url"] as? String == org.url)
        #expect(added.errors.contains("no daemon runs; start it with"))
        let files = saved(workspace)
        #expect(files["credentials/acme-read"] == token)
        let again = try run(["integration", "add", "acme", "--url", org.url], input: token, in: workspace)
        #expect(again.status == 65)
        #expect(again.errors.contains("already exists"))
        #expect(saved(workspace) == files)

        // The commands that messages suggest have the same --config as the command that printed the message.
        #expect(again.errors.contains("tributary integration edit acme --config \(workspace.configuration)"))
        #expect(added.errors.contains("tributary run --config \(workspace.configuration)"))

        // The integration was saved without a daemon; a daemon that starts later collects it.
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        let list = try run(["integration", "list"], in: workspace)
        #expect(list.output.contains("✔  acme  ingest  acme-read"), "\(list.output)")
        #expect(daemon.stop() == 0)
        let alone = try run(["integration", "list"], in: workspace)
        #expect(alone.status == 0)
        #expect(alone.errors.contains("no daemon runs") && alone.output.contains("·  acme"))

        // A broken configuration file does not hide the other integrations in the list.
        let broken = "integrations: [{name: broken, url: broken.okta.com, data_ingest: {credentials: x}}]\n"
        try Data(broken.utf8).write(to: URL(fileURLWithPath: workspace.path("conf.d/broken.yaml")))
        let some = try run(["integration", "list"], in: workspace)
        #expect(some.status == 0)
        #expect(some.output.contains("·  acme") && some.output.contains("✘  broken"), "\(some.output)")
        #expect(some.output.contains("conf.d/broken.yaml:1:"), "\(some.output)")
        let shown = try run(["integration", "show", "broken"], in: workspace)
        #expect(shown.status == 78 && shown.errors.contains("conf.d/broken.yaml:1:"), "\(shown.errors)")
        await org.stop()
    }

    @Test("if `add --json` fails, it prints a JSON document with the problem and the result of the check")
    func refusedDocument() async throws {
        let org = try await org(30)
        let workspace = try installation()
        func document(_ arguments: [String], input: String, status: Int32) throws -> [String: Any] {
            let outcome = try run(["integration", "add", "--json"] + arguments, input: input, in: workspace)
            #expect(outcome.status == status, "\(outcome.errors)")
            #expect(!outcome.errors.isEmpty)
            return try #require(
                try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome.output)"
            )
        }
        let refused = try document(["acme", "--url", org.url], input: "00wrong", status: 77)
        #expect(refused["name"] as? String == "acme" && refused["state"] as? String == "not_saved")
        let problem = try #require(refused["problem"] as? String)
        #expect(
            problem.contains("401") && problem.contains("tributary credential rotate acme-read --config"), "\(problem)")
        #expect((refused["check"] as? [String: Any])?["verdict"] as? String == "refused")
        #expect(
            try document([], input: "", status: 64)["problem"] as? String
                == "NAME is missing: tributary integration add NAME --url …")
        let wrong = try document(["Acme!", "--url", org.url], input: "00wrong", status: 64)
        #expect((wrong["problem"] as? String)?.hasPrefix("NAME: ") == true)
        try Data("no_such_key: 1\n".utf8).write(to: URL(fileURLWithPath: workspace.configuration))
        let broken = try document(["acme", "--url", org.url], input: "00wrong", status: 78)
        #expect((broken["problem"] as? String)?.contains("no_such_key") == true)
        #expect(saved(workspace).isEmpty)
        await org.stop()
    }

    @Test("if `credential add` runs several times at once, one run stores its secret and the others change nothing")
    func credentialsAtOnce() async throws {
        let workspace = try installation()
        let tokens = (0..<6).map { "00" + String(repeating: "aB\($0)", count: 13) + "x" }
        let configuration = workspace.configuration
        let program = Programs.tributary
        let inputs = try tokens.map { token in
            let path = workspace.path("input-of-\(token.suffix(4))")
            try Data(token.utf8).write(to: URL(fileURLWithPath: path))
            return path
        }
        let processes = try inputs.map { input in
            let process = Process()
            process.executableURL = program
            process.arguments = ["credential", "add", "acme-read", "--config", configuration]
            process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: input))
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }
        for process in processes { process.waitUntilExit() }
        #expect(processes.map(\.terminationStatus).sorted() == [0, 65, 65, 65, 65, 65])
        let winner = try #require(processes.firstIndex { $0.terminationStatus == 0 })
        #expect(saved(workspace)["credentials/acme-read"] == tokens[winner])
        #expect(try run(["check"], in: workspace).status == 0)
    }

    @Test("`add` does not replace an unrelated file in conf.d, and control characters of a description are not printed")
    func takenFile() throws {
        let workspace = try installation()
        let file = "conf.d/credential-x.yaml"
        try FileManager.default.createDirectory(atPath: workspace.path("conf.d"), withIntermediateDirectories: true)
        let text = """
            credentials: [{name: r, secret_file: \(workspace.path("r"))}]
            integrations:
              - {name: credential-x, url: acme.okta.com, description: "a\\e[31mb\\u202Ec\\u009Bd", data_ingest: {credential: r}}

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: workspace.path(file)))
        let token = "00" + String(repeating: "aB3", count: 13) + "x"
        for arguments in [
            ["credential", "add", "x"],
            ["integration", "add", "acme", "--url", "acme.okta.com", "--credential", "x", "--no-check"],
        ] {
            let outcome = try run(arguments, input: token, in: workspace)
            #expect(outcome.status == 65 && outcome.errors.contains("is not replaced"), "\(outcome.errors)")
            #expect(saved(workspace) == [file: text])
        }
        for more in [[], ["--json"]] {
            let shown = try run(["integration", "show", "credential-x"] + more, in: workspace)
            #expect(shown.status == 0 && shown.output.contains("202e"), "\(shown.output) \(shown.errors)")
            #expect(!shown.output.unicodeScalars.contains { ["\u{1B}", "\u{202E}", "\u{9B}"].contains($0) })
        }
    }

    @Test(
        "after Ctrl-C at a question, nothing is saved",
        arguments: [
            "Name, such as", "Description", "Address of the org", "Choice [1]", "How far back",
            "Name of the credential", "API token of acme-read", "Domains, such as", "IP ranges",
        ])
    func controlC(_ last: String) async throws {
        let org = try await org(4, events: 10)
        let workspace = try installation()
        let terminal = try PseudoTerminal(["integration", "add", "--config", workspace.configuration])
        for (question, answer) in [
            ("Name, such as", "acme"), ("Description", ""), ("Address of the org", org.url), ("Choice [1]", "1"),
            ("How far back", ""), ("Choice [1]", "1"), ("Name of the credential", ""),
            ("API token of acme-read", org.settings.tokens[0]), ("Domains, such as", "example.com"),
            ("IP ranges", "-"),
        ] {
            try await terminal.wait(for: question)
            if question == last { break }
            // Waits until the program has switched off the echo of the terminal.
            if question.hasPrefix("API token") { try await terminal.wait(for: "(not shown): ") }
            terminal.type(answer + "\n")
        }
        if last.hasPrefix("API token") { try await terminal.wait(for: "(not shown): ") }
        terminal.type("\u{3}")
        #expect(try await terminal.end() == 130, "\(terminal.screen)")
        #expect(terminal.screen.contains("nothing was changed"), "\(terminal.screen)")
        #expect(saved(workspace).isEmpty)
        await org.stop()
    }

    @Test(
        "if `add` gets Ctrl-C while it checks the org, it removes all files; if it gets Ctrl-C while it waits for events, it keeps the files"
    )
    func controlCLater() async throws {
        var settings = OrgSettings()
        settings.eventCount = 10
        settings.faults = try FaultRule.parse("hang:seconds=600")
        let org = try await SimulatedOrg.start(settings)
        let workspace = try installation()
        let arguments = [
            "integration", "add", "acme", "--url", org.url, "--credential", "acme-read", "--description", "d",
        ]
        let terminal = try PseudoTerminal(arguments + ["--config", workspace.configuration])
        try await terminal.answer("How far back", "")
        try await terminal.answer("(not shown): ", settings.tokens[0])
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(60)
        while saved(workspace).isEmpty, clock.now < deadline { try await clock.sleep(for: .milliseconds(5)) }
        #expect(saved(workspace).keys.contains { $0.hasPrefix("credentials/.trial.") })
        terminal.type("\u{3}")
        #expect(try await terminal.end() == 130)
        #expect(saved(workspace).isEmpty)

        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the daemon's first status") { $0 != nil }
        let second = try PseudoTerminal(arguments + ["--no-check", "--config", workspace.configuration])
        try await second.answer("How far back", "")
        try await second.answer("(not shown): ", settings.tokens[0])
        try await second.answer("Domains", "")
        try await second.answer("IP ranges", "")
        try await second.wait(for: "waiting for the first events")
        second.type("\u{3}")
        #expect(try await second.end() == 0)
        #expect(second.screen.contains("acme is saved, but has collected nothing so far"))
        #expect(saved(workspace).keys.contains("conf.d/acme.yaml"))
        #expect(daemon.stop() == 0)
        await org.stop()
    }

    @Test(
        "if the daemon refuses the new configuration, `add` undoes all its changes, and the daemon continues unchanged"
    )
    func refused() async throws {
        let org = try await org(5)
        let workspace = try installation()
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the daemon's first status") { $0 != nil }
        // The daemon's main file gets a mistake. The command uses another main file, so only the daemon's reload detects
        // the mistake.
        let other = workspace.path("other.yaml")
        let text = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
        try Data(text.utf8).write(to: URL(fileURLWithPath: other))
        try Data((text + "nonsense: true\n").utf8).write(to: URL(fileURLWithPath: workspace.configuration))
        let outcome = try Programs.tributary(
            ["integration", "add", "acme", "--url", org.url, "--domain", "example.com", "--config", other],
            input: Data(org.settings.tokens[0].utf8), in: workspace)
        #expect(outcome.status == 78, "\(outcome.errors)")
        #expect(outcome.errors.contains("nonsense") && outcome.errors.contains("all changes were undone"))
        #expect(saved(workspace).isEmpty)
        try Data(text.utf8).write(to: URL(fileURLWithPath: workspace.configuration))
        #expect(try run(["reload"], in: workspace).output.hasPrefix("no setting has changed"))
        #expect(daemon.stop() == 0)
        await org.stop()
    }

    @Test(
        "an integration that is paused and resumed, or removed and added again, continues at its place: each event is collected once"
    )
    func pause() async throws {
        let org = try await org(6, events: 200, rate: 20)
        let workspace = try installation()
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the daemon's first status") { $0 != nil }
        let add = ["integration", "add", "acme", "--url", org.url, "--poll-interval", "1s"]
        let added = try run(add, input: org.settings.tokens[0], in: workspace)
        #expect(added.status == 0, "\(added.errors)")
        #expect(added.output.hasPrefix("✔ acme collects: "))

        let paused = try run(["integration", "pause", "acme"], in: workspace)
        #expect(
            paused.status == 0 && paused.output.contains("its place in the log, its history and its spool are kept"))
        try await daemon.wait(for: "the status that acme is paused") { report in
            report?.integrations.map(\.state) == [.paused] && report?.integrations.first?.pausedByOperator == true
        }
        #expect(daemon.status?.line.hasPrefix("0 of 0 integrations live, 1 paused") == true)
        let requests = org.stats.requests
        let status = try run(["status"], in: workspace)
        #expect(status.status == 0, "a pause by an operator is not a failure: \(status.output)")
        #expect(try run(["integration", "pause", "acme"], in: workspace).output == "acme is already paused\n")
        let events = org.eventCount
        try await daemon.wait(for: "new events of the org during the pause") { _ in org.eventCount > events + 40 }
        #expect(org.stats.requests == requests, "Okta must get no request during a pause")
        // The integration is still paused after a restart of the daemon.
        #expect(daemon.stop() == 0)
        let next = try RunningDaemon(workspace)
        try await next.wait(for: "the status that acme is paused") { $0?.integrations.map(\.state) == [.paused] }

        let resumed = try run(["integration", "resume", "acme"], in: workspace)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(saved(workspace)["conf.d/acme.yaml"]?.contains("paused") == false)
        try await next.waitUntilLive()

        let removed = try run(["integration", "remove", "acme", "--yes", "--with-credential"], in: workspace)
        #expect(removed.status == 0 && removed.output.contains("its spool are kept"), "\(removed.errors)")
        #expect(saved(workspace).isEmpty)
        #expect(next.status?.integrations.isEmpty == true)
        let back = try run(add, input: org.settings.tokens[0], in: workspace)
        #expect(back.status == 0, "\(back.errors)")
        try await next.wait(for: "the events since the integration was removed") {
            ($0?.integrations.first?.events ?? 0) > 0
        }
        try await next.waitUntilLive()
        let due = events + 60
        try await next.wait(for: "more events of the org") { _ in org.eventCount > due }
        try await next.waitUntilLive()
        #expect(next.stop() == 0)
        let sealed = try workspace.sealedUIDs(of: "acme").count
        #expect(sealed.values.allSatisfy { $0 == 1 }, "some events are sealed more than once")
        // The org still writes events, so the sealed events are only the beginning of its log.
        #expect(
            Set(sealed.keys) == Set((0..<sealed.count).compactMap(org.uuid)), "some events of the log are not sealed")
        #expect(sealed.count > events + 40, "events from the time of the pause are collected later")
        await org.stop()
    }

    @Test(
        "on a terminal, `add` creates the key of a service app and shows the steps in Okta; the private key is only in the secret file"
    )
    func serviceApp() async throws {
        let port = try #require(ReservedPort())
        let workspace = try installation("my_network: {domains: []}")
        let terminal = try PseudoTerminal([
            "integration", "add", "acme", "--url", "http://127.0.0.1:\(port.port)", "--description", "d", "--start",
            "7d",
            "--config", workspace.configuration,
        ])
        try await terminal.answer("Choice [1]", "1")
        try await terminal.answer("Choice [1]", "2")
        try await terminal.answer("Name of the credential [acme-read]", "acme-app")
        try await terminal.wait(for: "Client ID of the app: ")
        #expect(terminal.screen.contains("Applications > Create App Integration > API Services"))
        #expect(terminal.screen.contains("grant okta.logs.read"))
        let key = try #require(terminal.screen.firstMatch(of: /\{[^{}]*"kty"[^{}]*\}/)).0
        #expect(saved(workspace).isEmpty)
        var settings = OrgSettings()
        settings.port = port.port
        settings.serviceApps = [ServiceApp(clientID: "0oaServiceApp", publicKeys: [String(key)])]
        port.release()
        let org = try await SimulatedOrg.start(settings)
        terminal.type("0oaServiceApp\n")
        try await terminal.wait(for: "✔ credential")
        #expect(try await terminal.end() == 0, "\(terminal.screen)")
        let files = saved(workspace)
        #expect(files["credentials/acme-app"]?.contains("\"d\"") == true)
        #expect(files["conf.d/credential-acme-app.yaml"]?.contains("client_id: \"0oaServiceApp\"") == true)
        #expect(!terminal.screen.contains("\"d\""))
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        #expect(daemon.stop() == 0)
        await org.stop()
    }

    @Test("shells complete the names of integrations and credentials")
    func completion() throws {
        let workspace = try installation(
            "credentials: [{name: acme-read}]\nintegrations: [{name: acme, url: acme.okta.com, data_ingest: {credential: acme-read}}]"
        )
        for (words, name) in [
            (["integration", "pause"], "acme"), (["integration", "show"], "acme"),
            (["credential", "show"], "acme-read"),
        ] {
            for option in [
                ["--config", workspace.configuration], ["--config=\(workspace.configuration)"],
                ["--config", "=", workspace.configuration],
            ] {
                let command = ["tributary"] + words + option + [""]
                let outcome = try Programs.tributary(
                    ["---completion"] + words + ["--", "positional@0", "\(command.count - 1)", "0"] + command,
                    in: workspace)
                #expect(
                    outcome.output.split(whereSeparator: \.isNewline).map(String.init) == [name], "\(outcome.errors)")
            }
        }
    }

    @Test(
        "`edit` makes the requested changes after it has checked a new address; if it can't change a line, it names the line"
    )
    func edit() async throws {
        let org = try await org(7)
        let workspace = try installation(
            "integrations:\n  - {name: braces, url: braces.okta.com, data_ingest: {credential: acme-read}}")
        let token = org.settings.tokens[0]
        // The integration `braces` refers to the credential acme-read, which must exist before the first command.
        let record = "credentials:\n  - name: acme-read\n    secret_file: \(workspace.path("token"))\n"
        try Data(token.utf8).write(to: URL(fileURLWithPath: workspace.path("token")))
        try FileManager.default.createDirectory(
            atPath: workspace.path("conf.d"), withIntermediateDirectories: true)
        try Data(record.utf8).write(to: URL(fileURLWithPath: workspace.path("conf.d/mine.yaml")))
        #expect(
            try run(["integration", "add", "acme", "--url", org.url, "--credential", "acme-read"], in: workspace).status
                == 0)
        let before = saved(workspace)["conf.d/acme.yaml"]
        let wrong = try run(["integration", "edit", "acme", "--url", "http://127.0.0.1:1"], in: workspace)
        #expect(wrong.status == 69, "\(wrong.errors)")
        #expect(saved(workspace)["conf.d/acme.yaml"] == before)
        let none = try run(["integration", "edit", "acme", "--credential", "nobody", "--no-check"], in: workspace)
        #expect(none.status == 78)
        #expect(try run(["integration", "edit", "acme"], in: workspace).status == 64)
        for (without, flag, text) in [
            ("--no-data-ingest", "--credential", "acme-read"), ("--no-data-ingest", "--filter", ""),
            ("--no-response-action", "--response-credential", "acme-read"),
        ] {
            let both = try run(["integration", "edit", "acme", without, flag, text], in: workspace)
            #expect(both.status == 64, "\(both.errors)")
            #expect(both.errors.contains("\(flag) has no effect together with \(without)"), "\(both.errors)")
        }
        #expect(saved(workspace)["conf.d/acme.yaml"] == before)
        let good = try run(
            ["integration", "edit", "acme", "--description", "new", "--poll-interval", "30s"], in: workspace)
        #expect(good.status == 0, "\(good.errors)")
        #expect(
            saved(workspace)["conf.d/acme.yaml"]
                == before?.replacing("    url:", with: "    description: new\n    url:").replacing(
                    "start: 7d\n", with: "start: 7d\n      poll_interval: 30s\n"))
        let braces = try run(["integration", "pause", "braces"], in: workspace)
        #expect(braces.status == 65)
        #expect(braces.errors.contains("\(workspace.configuration):5:5: the integration braces"), "\(braces.errors)")
        #expect(try run(["integration", "show", "nobody"], in: workspace).status == 66)

        let terminal = try PseudoTerminal(["integration", "edit", "acme", "--config", workspace.configuration])
        try await terminal.answer("Description [new]: ", "-")
        try await terminal.answer("Address of the org [\(org.url)]: ", "")
        try await terminal.answer("Credential that reads the log [acme-read]: ", "")
        try await terminal.answer("Filter: ", "eventType sw \"user.\"")
        try await terminal.answer("Poll interval [30s]: ", "")
        #expect(try await terminal.end() == 0, "\(terminal.screen)")
        #expect(saved(workspace)["conf.d/acme.yaml"]?.contains("description") == false)
        #expect(saved(workspace)["conf.d/acme.yaml"]?.contains("filter: \"eventType sw \\\"user.\\\"\"") == true)
        await org.stop()
    }
}

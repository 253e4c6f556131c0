import Testing

@testable import Collector
@testable import tributary

@Suite("The output of tributary status")
struct StatusTextTests {
    /// 2026-11-23T20:15:30Z, in milliseconds.
    private let now: Int64 = 1_795_464_930_000

    private func integration(
        _ name: String, _ state: StatusReport.State, problem: StatusReport.Problem? = nil
    ) -> StatusReport.Integration {
        StatusReport.Integration(
            name: name, org: "https://\(name).okta.com", state: state, since: "2026-11-23T20:03:00Z", problem: problem,
            lagSeconds: 4, lastEventAt: "2026-11-23T20:15:10Z", events: 1234, rejected: 0, requests: 1,
            eventsPerSecond: 26.6, unsealedRecords: 0, credential: "read")
    }

    private let refused = StatusReport.Problem(
        kind: "unauthorized", message: "Okta refused the credential (401 E0000011)",
        remedy: "Put a valid token into the secret's file", attempts: 7, since: "2026-11-23T20:03:30Z")

    private func text(
        _ integrations: [StatusReport.Integration], isRunning: Bool = true, columns: Int? = nil, failing: Bool = false,
        _ change: (inout StatusReport) -> Void = { _ in }
    ) -> StatusText {
        var report = StatusReport(
            version: "1", pid: 7, startedAt: "2026-11-23T19:15:30Z", updatedAt: "2026-11-23T20:15:29Z",
            integrations: integrations,
            spool: .init(directory: "/spool", bytes: 1_288_490_189, maxBytes: 21_474_836_480, segmentsSealed: 4))
        change(&report)
        return StatusText(
            report: report, deliveries: [], isRunning: isRunning, now: now,
            terminal: Terminal(size: columns.map { (columns: $0, rows: 24) }), isFailingOnly: failing)
    }

    @Test(
        "the output begins with the number of healthy integrations; then come those with a problem, those that start, and the others"
    )
    func order() {
        let text = text([
            integration("acme", .live), integration("globex", .failing, problem: refused),
            integration("initech", .starting),
        ])
        let lines = text.lines
        #expect(lines[0].hasPrefix("✘ 1 of 3 integrations well, 1 failing, 1 starting"))
        #expect(lines[1].hasPrefix("✘ globex   failing since 2026-11-23T20:03:30Z (12m), 7 attempts, lag 4s"))
        #expect(lines[2] == "  Okta refused the credential (401 E0000011)")
        #expect(lines[3] == "  → Put a valid token into the secret's file")
        #expect(lines[4].hasPrefix("… initech  starting"))
        #expect(
            lines[5]
                == "✔ acme     live, lag 4s, last event 20s ago, 1234 events since the start, 27/s, https://acme.okta.com"
        )
        #expect(lines[6] == "  spool 1.2 GiB of 20 GiB in /spool")
        #expect(!text.isWell)
    }

    @Test("mistakes in the configuration are shown once with what to do, and the daemon still counts as healthy")
    func mistakes() {
        var text = text([integration("acme", .live)]) { report in
            report.configuration = .init(
                inForceSince: "2026-11-23T19:15:30Z", reloadsBegun: 1, reloadsFinished: 1,
                refused: .init(at: "2026-11-23T20:00:00Z", problems: ["t.yaml:1:1: error: old"]), restartNeeded: [])
        }
        text.mistakes = ["t.yaml:1:1: error: old", "t.yaml:9:1: error: new"]
        text.file = "t.yaml"
        #expect(text.isWell && text.lines.count { $0.contains("error: old") } == 1)
        let place = text.lines.firstIndex { $0.hasPrefix("! t.yaml has mistakes: the daemon continues") }
        #expect(
            place.map { Array(text.lines[($0 + 1)...($0 + 2)]) }
                == ["  t.yaml:9:1: error: new", "  → Correct the file, then: systemctl reload tributary"])
    }

    @Test("an integration that starts or waits for Okta's rate limit is healthy")
    func well() {
        #expect(text([integration("acme", .starting), integration("globex", .rateLimited)]).isWell)
        #expect(text([integration("acme", .live)]).isWell)
        #expect(!text([integration("acme", .paused)]).isWell)
        #expect(!text([integration("acme", .live)], isRunning: false).isWell)
    }

    @Test("an integration that an operator has paused is not counted as a problem, and is listed last")
    func pausedByOperator() {
        let text = text([integration("acme", .paused), integration("globex", .live)]) {
            $0.integrations[0].pausedByOperator = true
        }
        #expect(text.isWell)
        #expect(text.lines[0].hasPrefix("✔ 1 of 2 integrations well, 1 paused by an operator"))
        #expect(text.lines[1].hasPrefix("✔ globex"))
        #expect(text.lines[2].hasPrefix("‖ acme    paused by an operator, "))
    }

    @Test("if the daemon no longer reports, it is not healthy, whatever its last report says")
    func silent() {
        let text = text([integration("acme", .live)]) { $0.updatedAt = "2026-11-23T20:14:20Z" }
        #expect(!text.isWell)
        #expect(text.lines[1] == "✘ the daemon has not reported for 70s: it hangs or was stopped")
    }

    @Test("if the daemon does not run, all integrations of its last report are shown")
    func dead() {
        let lines = text([integration("acme", .live), integration("globex", .starting)], isRunning: false).lines
        #expect(lines[0].hasPrefix("✘ tributary is not running"))
        #expect(lines.contains { $0.hasPrefix("✘ acme") } && lines.contains { $0.hasPrefix("✘ globex") })
    }

    @Test("if the daemon waits before its start, the output says why and when it tries again")
    func waiting() {
        let text = text([]) {
            $0.waiting = .init(
                message: "no space left on /state", since: "2026-11-23T20:10:00Z", attempts: 3,
                nextAttemptAt: "2026-11-23T20:15:45Z")
        }
        #expect(!text.isWell)
        #expect(text.lines[0].hasPrefix("✘ waiting to start  tributary "))
        #expect(text.lines[1].contains("waiting to start: no space left on /state"))
        #expect(text.lines[2] == "  → Tributary tries again at 2026-11-23T20:15:45Z")
    }

    @Test("the output has the number of unsealed records and the time of the next seal")
    func unsealed() {
        let text = text([integration("acme", .live), integration("globex", .live)]) {
            $0.integrations[0].unsealedRecords = 5000
            $0.integrations[0].sealDueAt = "2026-11-23T20:19:30Z"
            $0.integrations[1].unsealedRecords = 245
            $0.integrations[1].sealDueAt = "2026-11-23T20:18:30Z"
        }
        #expect(
            text.lines.last
                == "  spool 1.2 GiB of 20 GiB in /spool, 5245 records wait to be sealed, next seal at 2026-11-23T20:18:30Z (in 3m)"
        )
    }

    @Test("the number one has its noun and verb in the singular")
    func one() {
        let text = text([integration("acme", .live)]) {
            $0.integrations[0].events = 1
            $0.integrations[0].unproven = 1
            $0.integrations[0].unsealedRecords = 1
        }
        #expect(text.lines[1].contains(", 1 event since the start,"))
        #expect(text.lines[1].contains(", 1 possible duplicate,"))
        #expect(text.lines.last?.contains(", 1 record waits to be sealed") == true)
    }

    @Test("the last day of a credential is shown only if it is near")
    func expiry() {
        func line(_ day: String) -> String {
            text([integration("acme", .live)]) { $0.integrations[0].credentialExpires = day }.lines[1]
        }
        #expect(line("2026-12-20").contains("credential read expires 2026-12-20"))
        #expect(!line("2027-03-01").contains("expires"))
    }

    @Test("--failing shows only integrations with a problem")
    func failing() {
        let lines = text(
            [integration("acme", .live), integration("globex", .failing, problem: refused)], failing: true
        )
        .lines
        #expect(lines.count == 4)
        #expect(!lines.joined().contains("acme"))
        #expect(text([integration("acme", .live)], failing: true).lines.count == 1)
    }

    @Test("lines are wrapped between words at the width of the terminal", arguments: [40, 60, 80, 129])
    func width(columns: Int) {
        let integrations = [
            integration("acme", .live), integration("a-much-longer-name-than-others", .failing, problem: refused),
        ]
        let narrow = text(integrations, columns: columns).lines
        for line in narrow where line.split(separator: " ").count > 1 { #expect(line.count <= columns, "\(line)") }
        let words = { (lines: [String]) in lines.flatMap { $0.split(separator: " ") } }
        #expect(words(narrow) == words(text(integrations).lines))
    }

    @Test("if the host's clock is wrong, the output says so and how to set it")
    func clock() {
        let text = text([integration("acme", .live)]) { $0.integrations[0].clockAheadSeconds = -7200 }
        #expect(text.lines[1] == "! this host's clock is 2h behind Okta's. Set it: timedatectl")
    }
}

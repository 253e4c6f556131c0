import Foundation
import Testing

@testable import Delivery

@Suite("A command as a destination", .timeLimit(.minutes(2)))
struct CommandTests {
    private final class Place {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "command-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path + "/d", withIntermediateDirectories: true)
            try Data("one\ntwo\n".utf8).write(to: URL(fileURLWithPath: path + "/d/x.ndjson"))
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var segment: DeliverySegment {
            DeliverySegment(
                sequence: 7, path: "d/x.ndjson", spool: path, integration: "acme", className: "authentication",
                date: "2026-11-23", records: 2, bytes: 8, sha256: "aa", schema: "ocsf/1.8.0")
        }

        func text(_ name: String) -> String { (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)) ?? "" }
    }

    private func destination(_ script: String, timeout: Duration = .seconds(60)) -> ExecDestination {
        ExecDestination(name: "warehouse", command: ["/bin/sh", "-c", script], timeout: timeout)
    }

    @Test("the command receives the segment on standard input, and facts about the segment in its environment")
    func facts() async throws {
        let place = try Place()
        let script =
            "cat >\(place.path)/got; env | grep ^TRIBUTARY_ | grep -v -e ^TRIBUTARY_SHARED -e ^TRIBUTARY_SEED | sort >\(place.path)/facts"
        #expect(await destination(script).deliver(place.segment) == .delivered(wasThere: false))
        #expect(place.text("got") == "one\ntwo\n")
        #expect(
            place.text("facts") == """
                TRIBUTARY_BYTES=8
                TRIBUTARY_CLASS=authentication
                TRIBUTARY_DATE=2026-11-23
                TRIBUTARY_DESTINATION=warehouse
                TRIBUTARY_FILE=\(place.path)/d/x.ndjson
                TRIBUTARY_INTEGRATION=acme
                TRIBUTARY_PATH=d/x.ndjson
                TRIBUTARY_RECORDS=2
                TRIBUTARY_SCHEMA=ocsf/1.8.0
                TRIBUTARY_SEQUENCE=7
                TRIBUTARY_SHA256=aa

                """)
    }

    @Test("only exit code 0 means that the segment is durable; for other codes the command's last message is reported")
    func failures() async throws {
        let place = try Place()
        for (script, words) in [
            ("echo first >&2; echo 'no such table' >&2; exit 3", "ended with status 3 for d/x.ndjson (no such table)"),
            ("kill -TERM $$", "signal 15"), ("yes | head -c 100000", "wrote too much"),
        ] {
            guard case .notYet(let trouble, nil) = await destination(script).deliver(place.segment) else {
                Issue.record("\(script)")
                continue
            }
            #expect(trouble.message.contains(words))
        }
        let missing = ExecDestination(name: "w", command: ["/nowhere/load"], timeout: .seconds(60))
        guard case .notYet(let trouble, nil) = await missing.deliver(place.segment) else {
            Issue.record("a missing command was run")
            return
        }
        #expect(trouble.message.contains("/nowhere/load: No such file"))
    }

    @Test("a command that takes too long is ended together with the processes that it has started")
    func timeout() async throws {
        let place = try Place()
        let script = "sleep 1000 & echo $! >\(place.path)/child; wait"
        guard case .notYet(let trouble, nil) = await destination(script, timeout: .seconds(1)).deliver(place.segment)
        else {
            Issue.record("the delivery did not report a time-out")
            return
        }
        #expect(trouble.message.contains("longer than 1 s"))
        let child = try #require(Int32(place.text("child").trimmingCharacters(in: .whitespacesAndNewlines)))
        // Waits until the child process is gone or is a zombie (Z). If it kept running, only the suite's time limit would end this loop. Its process
        // id is not reused so soon.
        func state() -> String { (try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)) ?? "" }
        while !state().isEmpty, !state().contains(") Z ") { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("if the delivery is stopped, the command is ended")
    func cancelled() async throws {
        let place = try Place()
        let segment = place.segment
        let command = destination("echo >\(place.path)/runs; sleep 1000")
        let running = Task { await command.deliver(segment) }
        while place.text("runs").isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        running.cancel()
        #expect(await running.value == .cancelled)
    }
}

import Foundation
import OktaSimulator
import ResponseLog
import TestSupport
import Testing

@testable import Respond

/// Carries out every action on a user in every status of the simulated org, and compares the results and messages with a table.
///
/// The table is `matrix.txt`: action, status, step, outcome, code, status afterwards, whether Okta was asked to act, message. The lines are edited
/// by hand. With `TRIBUTARY_WRITE_DOCS=1`, the test replaces them with the results of this run.
@Suite("each action on a user in each status")
struct MatrixTests {
    private static let file = Repository.file("Tests/RespondTests/matrix.txt")

    @Test("each action on a user in each status has the result that is in matrix.txt")
    func table() async throws {
        let rig = try await EngineRig { $0.extraUsers = 120 }
        let engine = try rig.engine()
        var lines: [String] = []
        for (number, (action, status)) in Self.pairs.enumerated() {
            let digits = String(number + 1)
            let user = "user\(String(repeating: "0", count: 4 - digits.count))\(digits)@corp.example"
            rig.org.setStatus(status, of: user)
            let report = await engine.act(action, user)
            for entry in report.entries {
                let result = try #require(entry.result)
                let isAsked = rig.calls(user)[entry.action.rawValue] != nil
                #expect(result.statusBefore == status.rawValue || entry != report.entries.first)
                lines.append(
                    [
                        action.rawValue, status.rawValue, entry.action.rawValue, result.outcome.rawValue,
                        result.code ?? "-", result.statusAfter ?? "-", isAsked ? "asked" : "not asked",
                        result.message.replacing(user, with: "WHO").replacing(
                            entry.options.groupID ?? "no group", with: "ID"),
                    ].joined(separator: " | "))
            }
        }
        let made = lines.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["TRIBUTARY_WRITE_DOCS"] == "1" {
            try Data(made.utf8).write(to: Self.file)
        }
        let wanted = try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(wanted.count == lines.count)
        for (want, line) in zip(wanted, lines) { #expect(line == want) }
    }

    @Test(
        "unlock works for an active user who is blocked from some devices; for a user of a directory, the message says what to do"
    )
    func unlock() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        #expect(await engine.act(.unlock, "bea.blocked").outcomes == [.done])
        #expect(await engine.act(.unlock, "bea.blocked").outcomes == [.alreadyDone])
        let kept = await engine.act(.unlock, "lea.directory")
        #expect(kept.outcomes == [.refusedByOkta])
        #expect(kept.codes == ["wrong-state"])
        #expect(kept.result?.message.contains("If a directory manages the password, make the change there") == true)
    }

    @Test(
        "if the password is already reset and the answer with a second link is lost, the result is unknown"
    )
    func secondLink() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        let link = await engine.act(.resetPassword, "rita.recovery") { $0.options.sendEmail = false }
        #expect(link.outcomes == [.done] && link.secret != nil)
        rig.org.setFaults([FaultRule(.disconnect, count: 1, at: "reset-password")])
        let lost = await engine.act(.resetPassword, "rita.recovery") { $0.options.sendEmail = false }
        #expect(lost.outcomes == [.unknown])
        #expect(lost.codes == ["answer-lost"])
    }

    private static let pairs = ResponseAction.allCases.flatMap { action in
        UserStatus.allCases.map { (action, $0) }
    }
}

import Respond
import ResponseLog
import Testing

@testable import tributary

@Suite("The output of response actions")
struct RespondTextTests {
    private let hostile = "Mal\u{1B}]0;title\u{7}lory\r\n\u{202E}gnp"

    private func isPlain(_ lines: [String]) -> Bool {
        lines.allSatisfy { line in
            line.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F && !(0x80...0x9F).contains($0.value) && $0.value != 0x202E
            }
        }
    }

    private func entry(_ result: ResponseResult) -> ResponseEntry {
        ResponseEntry(
            id: "1", request: "2", time: 0, integration: "acme", org: "acme.okta.com", action: .suspend,
            command: .contain,
            user: ResponseUser(asked: hostile, id: hostile, login: hostile, name: hostile), options: ResponseOptions(),
            caseID: "INC-1", actor: ResponseActor(uid: 0, user: "root"), isDryRun: false, isForced: false,
            result: result)
    }

    @Test("control characters in names and messages from Okta are not printed")
    func hostileNames() {
        let text = RespondText(terminal: Terminal(size: (80, 24)))
        let result = ResponseResult(outcome: .done, message: hostile, statusBefore: hostile, statusAfter: "SUSPENDED")
        let entry = entry(result)
        #expect(isPlain(text.step(entry)) && !text.step(entry).isEmpty)
        #expect(isPlain(text.candidates([entry.user])))
        let outlook = ResponseOutlook(user: entry.user, status: hostile, steps: [], candidates: [entry.user])
        #expect(isPlain(text.outlook(outlook, integration: "acme")))
    }

    @Test(
        "if an action has several steps, the exit code is that of the worst result",
        arguments: [
            ([.done, .alreadyDone], nil, 0), ([.wouldDo], nil, 0), ([.done, .refused], "wrong-state", 77),
            ([.refused], "not-found", 66), ([.refused], "ambiguous", 64),
            ([.refusedByOkta, .done], "not-permitted", 77),
            ([.refused, .unknown], "answer-lost", 69), ([.failed], "unavailable", 69),
            ([.failed], "credential", 77), ([.failed], "not-permitted", 77), ([.unknown], "not-permitted", 69),
            ([.refused], "undone-since", 77), ([], nil, 69),
        ] as [([ResponseResult.Outcome], String?, Int32)])
    func verdict(outcomes: [ResponseResult.Outcome], code: String?, status: Int32) {
        let entries = outcomes.map { entry(ResponseResult(outcome: $0, code: code, message: "")) }
        #expect(RespondVerdict(entries).status.rawValue == status)
    }
}

import Foundation
import Testing

@testable import tributary

@Suite("The users in the file of --from")
struct BatchFileTests {
    private func read(_ text: [UInt8]) throws -> [String] {
        let file = FileManager.default.temporaryDirectory.appending(path: "users-\(UUID().uuidString)")
        try Data(text).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try BatchFile(file.path).lines.map { "\($0.number) \($0.user) \($0.caseID ?? "-")" }
    }

    @Test("empty lines and comments are skipped, and white space around names is removed")
    func usual() throws {
        let text =
            "# on call\n\n  a@acme.example\u{A0}\r\n{\"user\": \" b@acme.example\", \"case\": \"INC-1\", \"reason\": \"a, b\"}\n"
        #expect(try read(Array(text.utf8)) == ["3 a@acme.example -", "4 b@acme.example INC-1"])
    }

    @Test(
        "a line that can't be a user is refused, and the message has the line's number",
        arguments: [
            "\u{FEFF}b@acme.example", "[\"b@acme.example\"]", "b@acme.example,INC-1", "b\u{1}@acme.example",
            "{\"user\": \"b@acme.example\", \"kase\": \"INC-1\"}", "{\"user\": 1}",
        ])
    func mistakes(line: String) {
        let error = #expect(throws: Responder.Failure.self) { try read(Array("a@acme.example\n\(line)\n".utf8)) }
        #expect(error?.message.contains("line 2") == true && error?.status.rawValue == 64)
    }

    @Test("text that is not UTF-8 is refused")
    func notUTF8() {
        #expect(throws: Responder.Failure.self) { try read([0x61, 0xFF, 0x0A]) }
    }
}

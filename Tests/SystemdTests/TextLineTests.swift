import Logging
import Testing
import Time

@testable import Systemd

@Suite("A log event as text")
struct TextLineTests {
    private func line(
        _ message: String, metadata: Logger.Metadata = [:], colour: Bool = false, error: (any Error)? = nil
    ) -> String {
        let event = LogEvent(
            level: .warning, message: "\(message)", error: error, metadata: nil, source: nil, file: "a/b",
            function: "c", line: 1)
        return TextLine(
            event, metadata: metadata, time: UTCTime(milliseconds: 1_795_464_311_007), colour: colour
        ).text
    }

    @Test("a line has the time, the level, the integration, the other keys, and the message")
    func form() {
        let metadata: Logger.Metadata = [
            "zone": "eu", "attempt": "3", LogKey.integration: "acme",
            LogKey.messageID: "\(MessageID.oktaError.rawValue)",
        ]
        #expect(
            line("no answer", metadata: metadata)
                == "2026-11-23T20:05:11.007Z warning integration=acme attempt=3 zone=eu no answer")
    }

    @Test("an event is printed on one line, even if its texts contain line breaks")
    func oneLine() {
        let text = line("a\nb\u{1B}[2J", metadata: ["k\n": "v \"w\"\n"], error: CancellationError())
        #expect(text.hasSuffix(#" warning k\n="v \"w\"\n" a\nb\u{1b}[2J error=CancellationError()"#))
    }

    @Test("if colors are requested, only the level is colored")
    func colour() {
        #expect(line("x", colour: true).contains(" \u{1B}[33mwarning\u{1B}[0m x"))
        #expect(!line("x").contains("\u{1B}"))
    }
}

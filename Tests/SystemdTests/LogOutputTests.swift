import Logging
import Testing

@testable import Systemd

@Suite("The destination of the log")
struct LogOutputTests {
    private typealias Surroundings = LogOutput.Surroundings

    @Test("the log goes to the journal if standard error is the stream that JOURNAL_STREAM names")
    func journal() {
        let surroundings = Surroundings(journalStream: "9:12345", standardError: .init(device: 9, inode: 12345))
        #expect(LogOutput(surroundings) == .journal)
    }

    @Test(
        "the log goes to standard error if JOURNAL_STREAM is missing, invalid, or names another stream",
        arguments: [nil, "", "9", "9:", "9:12346", "8:12345", "9:12345:1", "x:y"])
    func text(stream: String?) {
        let surroundings = Surroundings(journalStream: stream, standardError: .init(device: 9, inode: 12345))
        #expect(LogOutput(surroundings) == .standardError(colour: false))
    }

    @Test("if standard error is closed, the log does not go to the journal, whatever JOURNAL_STREAM says")
    func closed() {
        #expect(LogOutput(Surroundings(journalStream: "0:0", standardError: nil)) == .standardError(colour: false))
    }

    @Test("colors are used only on a terminal, and not if NO_COLOR is set or the terminal is dumb")
    func colours() {
        #expect(LogOutput(Surroundings(isTerminal: true, terminal: "xterm")) == .standardError(colour: true))
        #expect(LogOutput(Surroundings(isTerminal: false, terminal: "xterm")) == .standardError(colour: false))
        #expect(LogOutput(Surroundings(isTerminal: true, refusesColour: true)) == .standardError(colour: false))
        #expect(LogOutput(Surroundings(isTerminal: true, terminal: "dumb")) == .standardError(colour: false))
    }

    @Test("a copy of a logger has its own level and metadata")
    func values() {
        for output in [LogOutput.journal, .standardError(colour: false)] {
            let first = Logger(label: "a", factory: { _ in output.handler(level: .info) })
            var second = first
            second.logLevel = .error
            second[metadataKey: "only"] = "second"
            #expect(first.logLevel == .info)
            #expect(first[metadataKey: "only"] == nil)
            #expect(second.logLevel == .error)
            #expect(second[metadataKey: "only"] == "second")
        }
    }

    @Test("metadata of an event has precedence over metadata of the task, and both over metadata of the logger")
    func merging() {
        let base: Logger.Metadata = ["a": "logger", "b": "logger", "c": "logger"]
        let merged = base.merged(provider: .init { ["b": "task", "c": "task"] }, event: ["c": "event"])
        #expect(merged == ["a": "logger", "b": "task", "c": "event"])
    }
}

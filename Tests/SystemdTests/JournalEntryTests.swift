import Logging
import Testing

@testable import Systemd

@Suite("A log event in the journal")
struct JournalEntryTests {
    private func fields(
        _ message: String, level: Logger.Level = .warning, error: (any Error)? = nil, metadata: Logger.Metadata = [:]
    ) -> [String] {
        let event = LogEvent(
            level: level, message: "\(message)", error: error, metadata: nil, source: "Systemd",
            file: "Systemd/Example.swift",
            function: "example()", line: 42)
        return JournalEntry(event, metadata: metadata, identifier: "tributary").fields
    }

    @Test("an entry has the well-known fields, the message id, and a field in upper case for each metadata key")
    func complete() {
        let metadata: Logger.Metadata = [
            LogKey.integration: "acme", LogKey.requestID: "r1", LogKey.messageID: "\(MessageID.oktaError.rawValue)",
        ]
        #expect(
            fields("answered 503", metadata: metadata) == [
                "MESSAGE=acme: answered 503", "PRIORITY=4", "SYSLOG_IDENTIFIER=tributary",
                "CODE_FILE=Systemd/Example.swift",
                "CODE_LINE=42", "CODE_FUNC=example()", "MESSAGE_ID=73caaaed3de1467ea7e16d0810cdd093",
                "TRIBUTARY_INTEGRATION=acme", "TRIBUTARY_REQUEST_ID=r1",
            ])
    }

    @Test(
        "each log level has its priority of syslog(3)",
        arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
    func priorities(level: Logger.Level, priority: Int) {
        #expect(fields("x", level: level)[1] == "PRIORITY=\(priority)")
    }

    @Test(
        "a metadata key is converted to a field name that journald accepts",
        arguments: [
            ("lag_seconds", "TRIBUTARY_LAG_SECONDS"), ("_pid", "TRIBUTARY__PID"),
            ("http.status-code", "TRIBUTARY_HTTP_STATUS_CODE"),
            ("größe=1\nMESSAGE", "TRIBUTARY_GR__E_1_MESSAGE"),
            (String(repeating: "k", count: 100), "TRIBUTARY_" + String(repeating: "K", count: 54)),
        ])
    func names(key: String, name: String) {
        #expect(JournalEntry.fieldName(key) == name)
        #expect(name.utf8.count <= 64)
    }

    @Test("metadata with an empty key is omitted")
    func emptyKey() {
        #expect(JournalEntry.fieldName("") == nil)
    }

    @Test("a message keeps its line breaks, and other control characters are escaped")
    func lines() {
        #expect(fields("first\nPRIORITY=0\u{1B}[31m\u{0}")[0] == "MESSAGE=first\nPRIORITY=0\\u{1b}[31m\\u{0}")
    }

    @Test("the length of a value and the number of fields are limited")
    func bounds() {
        let long = String(repeating: "漢", count: 20_000)
        let many = Dictionary(uniqueKeysWithValues: (0..<500).map { ("key\($0)", Logger.MetadataValue.string(long)) })
        let fields = fields(long, metadata: many)
        #expect(fields.count == 6 + JournalEntry.metadataLimit)
        for field in fields { #expect(field.utf8.count <= JournalEntry.valueLimit + 65) }
        #expect(fields[0].hasSuffix("漢…"))
    }

    @Test(
        "an invalid message id is omitted",
        arguments: ["", "x", "73CAAAED3DE1467EA7E16D0810CDD093", "73caaaed3de1467ea7e16d0810cdd09"])
    func badID(id: String) {
        #expect(!fields("x", metadata: [LogKey.messageID: "\(id)"]).contains { $0.hasPrefix("MESSAGE_ID=") })
    }

    @Test("an error that is logged with an event is in the field TRIBUTARY_ERROR")
    func error() {
        #expect(fields("x", error: CancellationError()).contains("TRIBUTARY_ERROR=CancellationError()"))
    }
}

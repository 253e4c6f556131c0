import Collector
import Foundation
import OCSF
import Spool

/// A spool like one that a daemon has written, made without a daemon and an org.
struct RecordedSpool {
    let directory: String
    var settings = NormalizerSettings()
    private let state: String

    init(_ workspace: Workspace, _ name: String = "from") {
        directory = workspace.path(name)
        state = workspace.path(name + "-state")
    }

    /// An event that contains `number` in several members, so that no two events are equal.
    static func event(_ number: Int) -> String {
        let types = [
            "user.session.start", "user.account.unlock", "group.user_membership.add", "system.org.rate_limit.warning",
        ]
        let published = "2026-11-2\(number % 3)T12:00:0\(number % 10).\(100 + number % 900)Z"
        return """
            {"uuid":"\(uid(number))","published":"\(published)","eventType":"\(types[number % types.count])","version":"0",\
            "severity":"INFO","displayMessage":"a \\"message\\" \\u00e9 \\\\ 😀\\ud83d\\ude00","outcome":{"result":"SUCCESS"},\
            "actor":{"id":"00u\(number)","type":"User","alternateId":"ann@acme.example","displayName":"Ann é"},\
            "client":{"ipAddress":"203.0.113.9","userAgent":{"rawUserAgent":"Mozilla/5.0"}},"securityContext":{"isp":"isp"},\
            "target":[{"id":"00ubob","type":"User","alternateId":"bob@acme.example"},{"id":"00g","type":"UserGroup"}],\
            "debugContext":{"debugData":{"dtHash":"d\(number)","text":"\(String(repeating: "x", count: number % 700))"}}}
            """
    }

    static func uid(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// Adds events of an integration to the spool, and seals after every `perSegment` events.
    func add(_ events: [String], of integration: String = "acme", perSegment: Int = 500, org: String = "acme.okta.com")
        throws
    {
        let spool = try open()
        let writer = try spool.writer(integration: integration, scratch: SpoolScratch(), now: SystemTime().spool)
        let normalizer = try Normalizer(catalog: EventCatalog.builtIn(), settings: settings)
        let source = EventSource(orgHost: org, logURL: "https://\(org)/api/v1/logs")
        for start in stride(from: 0, to: events.count, by: perSegment) {
            var sink = Sink(writer: writer)
            for event in events[start..<min(start + perSegment, events.count)] {
                Array(event.utf8).withUnsafeBytes {
                    normalizer.normalizeEvent(
                        $0, source: source, offset: 0, collectedAt: 1_790_000_000_000, into: &sink)
                }
            }
            if let failure = sink.failure { throw failure }
            try writer.commit(cursor: "\(UUID())", at: SystemTime().spool)
            try writer.seal(at: SystemTime().spool)
        }
    }

    /// Opens the spool, and tries again while it is locked. The lock may be one that this process has already released: when another test starts a
    /// child process, the child inherits all open files and their locks, and keeps them until it executes its program.
    private func open() throws -> Spool {
        let deadline = ContinuousClock.now + .seconds(300)
        while true {
            do throws(SpoolError) {
                return try Spool(
                    SpoolSettings(
                        directory: directory, stateDirectory: state, recordSchema: settings.schemaVersion.name),
                    fileSystem: PosixFileSystem(), now: SystemTime().spool)
            } catch {
                guard case .locked = error, ContinuousClock.now < deadline else { throw error }
                usleep(20_000)
            }
        }
    }

    private struct Sink: RecordSink {
        let writer: SpoolWriter
        var failure: (any Error)?

        mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) {
            put(bytes, "class=\(head.kind.facts.name)/date=2026-11-23", .records, head.time)
        }

        mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) {
            let line = rejection.line(event: event, offset: offset, collectedAt: 1_790_000_000_000)
            line.withUnsafeBytes { put($0, "date=2026-11-23", .rejected, 1_790_000_000_000) }
        }

        private mutating func put(_ bytes: UnsafeRawBufferPointer, _ path: String, _ kind: PartitionKind, _ time: Int64)
        {
            do {
                try writer.append(bytes, to: writer.partition(path, kind: kind), time: time)
            } catch {
                failure = error
            }
        }
    }

    /// The lines of all segments in a spool, sorted. `kind` selects records or rejected events.
    static func lines(_ directory: String, kind: String = "records", integration: String? = nil) throws -> [String] {
        let reader = try SpoolReader(directory: directory)
        var lines: [String] = []
        for listing in try reader.segments() {
            guard let segment = listing.segment, segment.kind == kind, listing.state == .present,
                integration ?? segment.integration == segment.integration
            else { continue }
            try reader.lines(listing.path) { lines.append(String(decoding: $0, as: UTF8.self)) }
        }
        return lines.sorted()
    }

    /// Every file below a directory, with its size, time and contents.
    static func contents(_ directory: String) throws -> [String: String] {
        var found: [String: String] = [:]
        let files = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        for file in files {
            let path = directory + "/" + file
            let facts = try FileManager.default.attributesOfItem(atPath: path)
            let bytes = FileManager.default.contents(atPath: path) ?? Data()
            found[file] = "\(facts[.modificationDate] ?? "") \(facts[.size] ?? "") \(bytes.hashValue)"
        }
        return found
    }
}

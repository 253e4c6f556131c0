import Foundation
import TestSupport
import Testing

@testable import Collector

@Suite("docs/status.md")
struct StatusDocumentTests {
    private let text: String

    init() throws { text = try String(contentsOf: Repository.file("docs/status.md"), encoding: .utf8) }

    /// The words in the first column of the table in this section.
    private func words(_ section: String) throws -> [String] {
        let start = try #require(text.range(of: "\n## \(section)\n")).upperBound
        let rows = text[start...].split(separator: "\n").prefix { !$0.hasPrefix("## ") }
        // The first row is the header.
        return rows.compactMap { $0.firstMatch(of: #/^\| `(\w+)` \| /#).map { String($0.1) } }.dropFirst().map(\.self)
    }

    @Test("the values of `kind` of a problem do not change, because programs read them")
    func kinds() throws {
        let words = [
            "unreachable", "invalid_request", "server_failure", "rate_limited", "concurrency_limited", "unauthorized",
            "forbidden", "credential", "configuration", "wrong_address", "redirected", "not_okta", "refused_query",
            "refused", "cursor_refused", "broken_body", "too_large", "missing_next", "foreign_next",
            "next_stands_still", "unreadable_page", "cursor", "spool", "spool_full",
        ]
        #expect(ProblemKind.allCases.map(\.rawValue) == words)
        #expect(try self.words("Problems") == words)
    }

    @Test("the values of `state` of an integration do not change")
    func states() throws {
        let states: [StatusReport.State] = [
            .starting, .standby, .live, .catchingUp, .rateLimited, .paused, .failing, .stopped,
        ]
        let words = [
            "starting", "standby", "live", "catching_up", "rate_limited", "paused", "failing", "stopped",
        ]
        #expect(states.map(\.rawValue) == words)
        #expect(try self.words("States") == words)
    }

    @Test("docs/status.md explains every key of the status report")
    func keys() throws {
        var integration = StatusReport.Integration(
            name: "", org: "", state: .live, since: "",
            problem: .init(kind: "", message: "", remedy: "", attempts: 1, since: ""), lagSeconds: 1, lastEventAt: "",
            lastAnswerAt: "", lastRequestId: "", nextAttemptAt: "", events: 1, rejected: 1, requests: 1,
            eventsPerSecond: 1, unsealedRecords: 1, unsealedBytes: 1, sealDueAt: "", credential: "",
            credentialExpires: "", duplicates: 1,
            freshQueries: 1, unproven: 1, clockAheadSeconds: 1,
            backfill: .init(from: "", until: "", reachedAt: "", fraction: 1, remainingSeconds: 1),
            gap: .init(from: "", to: ""), requestsByOutcome: .init(), budget: .init(limit: 1, remaining: 1),
            sealingFailedSince: "")
        integration.pausedByOperator = true
        integration.holder = .init(host: "", since: "", previousHost: "", generation: 1)
        var responses = StatusReport.ResponseActivity(name: "", outcomes: ["done": 1])
        responses.lastAction = .init(at: "", action: "", outcome: "", code: "")
        responses.lastFailure = responses.lastAction
        let report = StatusReport(
            version: "", pid: 1, startedAt: "", updatedAt: "", stuck: .init(part: "", silenceSeconds: 1),
            waiting: .init(message: "", since: "", attempts: 1, nextAttemptAt: ""),
            configurationFile: "",
            configuration: .init(
                inForceSince: "", reloadsBegun: 1, reloadsFinished: 1, lastChange: "",
                refused: .init(at: "", problems: []), restartNeeded: []),
            integrations: [integration],
            spool: .init(directory: "", bytes: 1, maxBytes: 1, segmentsSealed: 1, deletionHeldUp: ""),
            fleet: .init(
                name: "", host: "", lease: "", ttlSeconds: 1, renewedAt: "", problem: "", draining: true, hosts: [""],
                holds: 1, configured: 1, takeovers: 1, fenced: 1, droppedRecords: 1),
            responses: [responses])
        #expect(Self.absent(in: report) == [], "the report must have a value for every key")
        var keys: Set<String> = []
        func gather(_ value: Any) {
            if let object = value as? [String: Any] {
                keys.formUnion(object.keys)
                object.values.forEach(gather)
            } else if let array = value as? [Any] {
                array.forEach(gather)
            }
        }
        gather(try JSONSerialization.jsonObject(with: try report.encoded()))
        #expect(keys.count > 40)
        for key in keys { #expect(text.contains("`\(key)`"), "\(key)") }
    }

    /// The names of the properties without a value, at any depth.
    private static func absent(in value: Any, named name: String = "") -> [String] {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional, mirror.children.isEmpty { return [name] }
        return mirror.children.flatMap { absent(in: $0.value, named: $0.label ?? name) }
    }
}

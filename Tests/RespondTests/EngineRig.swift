import Configuration
import CurlHTTPClient
import Foundation
import Logging
import OktaSimulator
import ResponseLog
import Synchronization
import Testing

@testable import Respond

/// What a test needs to make a response engine: a simulated org, and a directory with a response log and a credential.
final class EngineRig: Sendable {
    static let token = "00responder-token-of-a-test"

    let org: SimulatedOrg
    let directory: String
    let responder = ResponseActor(uid: 1001, user: "rhea")

    /// - Parameter change: changes the settings of the org before it starts.
    init(
        _ change: (inout OrgSettings) throws -> Void = { _ in }
    ) async throws {
        var settings = OrgSettings()
        settings.eventCount = 10
        settings.tokens = [Self.token]
        settings.managementLimit = 100_000
        settings.transitionSpan = 50
        try change(&settings)
        org = try await SimulatedOrg.start(settings)
        directory = FileManager.default.temporaryDirectory.path + "/tributary-respond-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory + "/log", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: directory + "/credentials", withIntermediateDirectories: true)
        try write("credentials/act", Self.token)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
        let org = org
        Task { await org.stop() }
    }

    func write(_ name: String, _ text: String) throws {
        let path = "\(directory)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    /// The log messages of all engines of this rig.
    let logged = LoggedLines()

    /// - Parameters:
    ///   - response: lines of the configuration's section `response`.
    ///   - credential: keys of the credential besides its name and `permissions`.
    func engine(
        response: [String] = ["users_per_hour: 100000"], credential: [String] = [], clock: ResponseClock = .system,
        transport: (any HTTPTransport)? = nil
    ) throws -> ResponseEngine {
        let text = """
            response:
              log_directory: \(directory)/log
            \(response.map { "  \($0)\n" }.joined())
            credentials:
              - name: act
                permissions: write
            \(credential.map { "    \($0)\n" }.joined())
            integrations:
              - name: acme
                url: \(org.url)
                response_action: {credential: act}
              - name: watch
                url: https://watch.okta.com
                data_ingest: {credential: act}

            """
        let configuration = try Configuration.load(
            sources: [ConfigurationSource(file: "t.yaml", text: text)],
            context: ConfigurationContext(
                environment: ["CREDENTIALS_DIRECTORY": "\(directory)/credentials"],
                today: try CalendarDate(parsing: "2026-11-23")))
        return try ResponseEngine(
            configuration: configuration, credentialsDirectory: "\(directory)/credentials", userAgent: "test",
            logger: Logger(label: "test") { _ in LineHandler(lines: logged) }, clock: clock, transport: transport)
    }

    /// Every entry of the response log, the oldest first.
    func entries() throws -> [ResponseEntry] {
        var entries: [ResponseEntry] = []
        try ResponseHistory(directory: "\(directory)/log").read { entry, _, _ in
            entries.append(entry)
            return true
        }
        return entries
    }

    /// The contents of all files in the log's directory, as one text.
    func logText() throws -> String {
        try FileManager.default.contentsOfDirectory(atPath: "\(directory)/log").sorted().map { name in
            String(decoding: try Data(contentsOf: URL(filePath: "\(directory)/log/\(name)")), as: UTF8.self)
        }.joined()
    }

    func calls(_ user: String) -> [String: Int] { org.user(user)?.calls ?? [:] }
    func done(_ user: String) -> [String: Int] { org.user(user)?.done ?? [:] }
}

extension ResponseEngine {
    /// Requests an action as the user rhea, and waits for the report.
    func act(
        _ action: ResponseAction, _ user: String, key: String? = nil, force: Bool = false, dryRun: Bool = false,
        _ change: @Sendable (inout ResponseRequest) -> Void = { _ in }
    ) async -> ResponseReport {
        await act(
            request(action, user, key: key, force: force, dryRun: dryRun, change),
            for: ResponseActor(uid: 1001, user: "rhea")
        ) { _ in }
    }

    nonisolated func request(
        _ action: ResponseAction, _ user: String, key: String? = nil, force: Bool = false, dryRun: Bool = false,
        _ change: @Sendable (inout ResponseRequest) -> Void = { _ in }
    ) -> ResponseRequest {
        var request = ResponseRequest(integration: "acme", action: action, user: user, caseID: "case-1")
        request.key = key
        request.isForced = force
        request.isDryRun = dryRun
        switch action {
        case .addToGroup, .removeFromGroup: request.options.groupName = "Quarantine"
        case .setRisk: request.options.riskLevel = "HIGH"
        default: break
        }
        change(&request)
        return request
    }
}

extension ResponseReport {
    /// The result of the first entry.
    var result: ResponseResult? { entries.first?.result }
    var outcomes: [ResponseResult.Outcome?] { entries.map(\.result?.outcome) }
    var codes: [String?] { entries.map(\.result?.code) }
}

/// Log messages, each with its metadata.
final class LoggedLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock(\.self) }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

struct LineHandler: LogHandler {
    let lines: LoggedLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(lines: LoggedLines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
        lines.append("\(event.message) \(fields)")
    }
}

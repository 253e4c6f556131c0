import Configuration
import CurlHTTPClient
import Foundation
import Logging
import OCSF
import OktaSimulator
import ServiceLifecycle
import Spool
import Synchronization
import Testing

@testable import Collector
@testable import Fleet
@testable import Systemd

/// A daemon's services in this process: real workers, spool and transport, with simulated orgs. A test can replace the configuration's text.
///
/// If the configuration has a section `fleet`, the test decides which integrations this host holds. The segments stay in this host's spool.
final class ReloadBench: Sendable {
    let root = FileManager.default.temporaryDirectory.appending(path: "tributary-reload-\(UUID().uuidString)").path
    let board = StatusBoard()
    let lines = LogLines()
    let heartbeats = Heartbeats()
    let spool: Spool
    let collection: CollectionService
    let reloader: Reloader
    /// The host's membership in the fleet, which never contacts a lease store; nil outside a fleet.
    let membership: FleetMembership?
    private let group: ServiceGroup
    private let running: Mutex<Task<Void, any Error>?> = Mutex(nil)
    private let text: TextBox
    /// The configuration's text, shared with the closure that loads it.
    private final class TextBox: Sendable {
        let text: Mutex<String>
        init(_ text: String) { self.text = Mutex(text) }
    }

    private final class Notifications: Sendable {
        let sent = Mutex<[String]>([])
    }
    private let told: Notifications

    /// The messages to the service manager, in order.
    var sent: [String] { told.sent.withLock(\.self) }

    /// - Parameters:
    ///   - make: returns the configuration's text; its argument is the path of the test's directory.
    init(_ make: (String) throws -> String) async throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let box = TextBox(try make(root))
        text = box
        let load: Daemon.Load = { () throws(ConfigurationError) in
            try Configuration.load(
                sources: [ConfigurationSource(file: "tributary.yaml", text: box.text.withLock(\.self))],
                context: Self.context(.whole))
        }
        let configuration = try Configuration.load(
            sources: [ConfigurationSource(file: "tributary.yaml", text: box.text.withLock(\.self))],
            context: Self.context(.integration))
        let told = Notifications()
        self.told = told
        let notifier = ServiceNotifier { message in told.sent.withLock { $0.append(message) } }
        let logger = lines.logger
        let spool = try Spool(SpoolSettings(configuration), fileSystem: PosixFileSystem(), now: SystemTime().spool)
        self.spool = spool
        let transport = try CurlTransport(configuration)
        let normalizing = Normalizing(configuration)
        let catalog = try normalizing.catalog()
        let workers = try (0..<2).map { number in
            try IngestWorker(name: "test-\(number)", spool: spool, catalog: catalog, settings: normalizing.settings)
        }
        var factory = CollectorFactory(
            transport: transport, workers: workers, board: board, heartbeats: heartbeats, logger: logger)
        let collectors =
            configuration.fleet == nil
            ? configuration.integrations.compactMap { factory.collector($0, of: configuration.integrations.count) } : []
        if let fleet = configuration.fleet {
            board.updateFleet { $0 = FleetBoard(fleet) }
            StandbyIntegrations(board: board).add(configuration.integrations)
        }
        UnusableIntegrations(board: board, logger: logger).add(configuration.unusable)
        PausedIntegrations(board: board).add(configuration.integrations)
        collection = CollectionService(
            collectors: collectors, workers: workers, spool: spool, transport: transport, board: board,
            heartbeats: heartbeats, notifier: notifier, logger: logger)
        let reporter = StatusReporter(
            board: board, file: try StatusFile(directory: root + "/run"), spool: spool, heartbeats: heartbeats,
            notifier: notifier, startedAt: "", logger: logger)
        reloader = Reloader(
            configuration, load: load, factory: factory, collection: collection, workers: workers, spool: spool,
            board: board, reporter: reporter,
            credentials: CredentialWatch(configuration, board: board, logger: logger), logger: logger)
        let (board, reloader) = (board, reloader)
        membership = try configuration.fleet.map { fleet in
            FleetMembership(
                fleet, store: try FleetStart(fleet, network: configuration.network, logger: logger).store,
                integrations: configuration.integrations, reloader: reloader, board: board, logger: logger)
        }
        if let membership { await reloader.join(membership) }
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [reporter, collection], logger: logger))
        let group = group
        running.withLock { $0 = Task { try await group.run() } }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    static func context(_ mistakes: ConfigurationContext.MistakeScope) -> ConfigurationContext {
        ConfigurationContext(
            environment: [:], today: CalendarDate(secondsSince1970: 1_795_464_060), secrets: .warned,
            mistakes: mistakes)
    }

    func reload(_ new: String) async {
        text.text.withLock { $0 = new }
        await reloader.reload()
    }

    /// Seals everything and stops.
    func stop() async throws {
        await group.triggerGracefulShutdown()
        try await running.withLock(\.self)?.value
    }

    func health(_ name: String) -> IntegrationHealth? {
        board.snapshot(now: .now, isSample: false).entries.first { $0.name == name }?.health
    }

    var shown: [String] { board.snapshot(now: .now, isSample: false).entries.map(\.name) }

    /// Checks a condition repeatedly until it is true.
    func wait(for what: String, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("this did not become true within 300 s: \(what)")
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The records in an integration's segments, by uid.
    func sealed(_ integration: String) throws -> [String: [[String: Any]]] {
        var found: [String: [[String: Any]]] = [:]
        let reader = try SpoolReader(directory: spool.settings.directory)
        for listing in try reader.segments() where listing.segment?.integration == integration {
            var lines: [Data] = []
            try reader.lines(listing.path) { lines.append(Data($0)) }
            for line in lines {
                let record = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
                let metadata = try #require(record["metadata"] as? [String: Any])
                found[try #require(metadata["uid"] as? String), default: []].append(record)
            }
        }
        return found
    }

    /// Checks that each event of the org is in one segment of the integration, once.
    func expectExactly(
        _ org: SimulatedOrg, _ integration: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let sealed = try sealed(integration)
        let expected = Set((0..<org.eventCount).compactMap(org.uuid))
        #expect(Set(sealed.keys) == expected, "\(integration)", sourceLocation: sourceLocation)
        #expect(sealed.values.allSatisfy { $0.count == 1 }, "some events are repeated", sourceLocation: sourceLocation)
    }

    // MARK: Configurations

    /// An integration with its own token file.
    struct Integration {
        var name: String
        var url: String
        var more: [String] = []
        var paused = false
    }

    /// - Parameters:
    ///   - spool: more lines for the section `spool`.
    ///   - more: more lines at the top level.
    static func text(
        _ root: String, _ integrations: [Integration], spool: [String] = ["segment_max_age: 1h"], more: [String] = []
    ) -> String {
        var lines = ["state_directory: \(root)/state", "runtime_directory: \(root)/run"] + more
        lines += ["spool:", "  directory: \(root)/spool"] + spool.map { "  \($0)" }
        lines.append("credentials:")
        for integration in integrations {
            lines += ["  - {name: \(integration.name)-read, secret_file: \(root)/token-\(integration.name)}"]
        }
        lines.append("integrations:")
        for integration in integrations {
            lines += [
                "  - name: \(integration.name)", "    url: \(integration.url)", "    paused: \(integration.paused)",
                "    data_ingest:",
                "      credential: \(integration.name)-read", "      poll_interval: 1s", "      start: 7d",
            ]
            lines += integration.more.map { "      \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func setToken(_ token: String, of integration: String, in root: String) throws {
        try Data(token.utf8).write(to: URL(fileURLWithPath: "\(root)/token-\(integration)"), options: .atomic)
    }
}

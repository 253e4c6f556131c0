import CurlHTTPClient
import Fleet
import Logging
import OCSF
import Systemd

@testable import Collector
@testable import OktaAPI
@testable import Spool

/// The daemon's parts, connected in the same way as in the real process. The run provides transport, file system and time.
struct ConnectedDaemon: Sendable {
    let worker: IngestWorker
    private let scenario: Scenario
    private let lane: SimulationLane
    private let time: any TimeSource
    // Each process has its own status board.
    private let board = StatusBoard()
    private let heartbeats = Heartbeats()

    /// - Parameters:
    ///   - sharedID: the id of the fleet's spool; nil outside a fleet.
    ///   - seals: the fleet's bucket; nil outside a fleet.
    init(
        _ scenario: Scenario, _ lane: SimulationLane, disk: any FileSystem, time: any TimeSource,
        spool: SpoolSettings? = nil, sharedID: [UInt8]? = nil, seals: SealLog? = nil
    ) throws {
        self.scenario = scenario
        self.lane = lane
        self.time = time
        var settings =
            spool
            ?? SpoolSettings(
                directory: "/spool", stateDirectory: "/state", compression: .none,
                segmentMaxBytes: scenario.fleet?.segmentMaxBytes ?? 40_000, segmentMaxAge: .seconds(300),
                recordSchema: "ocsf/1.8.0")
        settings.sharedID = sharedID
        var limits = PassedLimits()
        if scenario.features.contains(.smallMemory) {
            limits = PassedLimits(window: 192, need: 12, head: 16, restartDepths: 64..<80)
            // Narrow filters admit few events. In such runs, the windows are smaller, so that they are full when the filter changes.
            if scenario.features.contains(.narrowFilters) { (limits.window, limits.restartDepths) = (96, 40..<48) }
        }
        if scenario.features.contains(.smallMemory), scenario.features.contains(.longHead) {
            limits.head = 2 * limits.need
        }
        worker = try IngestWorker(
            name: "simulation", spool: Spool(settings, fileSystem: disk, now: time.spool), catalog: lane.catalog,
            settings: NormalizerSettings(rawData: false, observables: false), limits: limits, time: time,
            seals: seals, thread: lane.thread)
    }

    /// Creates a collector of the integration, and removes the status of an earlier collector.
    func collector(
        _ session: Scenario.Session, transport: any HTTPTransport, lease: CollectionLease? = nil
    ) -> IntegrationCollector? {
        guard let address = try? OrgURL(parsing: ScriptedOrg.origins[session.address]) else { return nil }
        board.remove("acme")
        let entry = board.add(
            StatusBoard.Entry(
                name: "acme", org: "acme", credential: "none", credentialExpires: nil,
                health: IntegrationHealth(since: time.wall)))
        let host = HostTime(time.wall)
        return IntegrationCollector(
            settings: .init(
                name: "acme",
                query: LogQuery(org: address, filter: session.filter.map { "b\($0)" }, pageLimit: session.pageSize),
                start: StoredTime((scenario.countsFromNow ? host.milliseconds : Scenario.origin) - scenario.start),
                startCountedFrom: scenario.countsFromNow ? host : nil, pollInterval: .seconds(scenario.pollSeconds),
                pollGrid: PollGrid(origin: time.now), budgetShare: 1, seed: scenario.seed),
            credential: NoCredential(), transport: transport, worker: worker, board: board, entry: entry,
            heartbeat: heartbeats.register("simulation", bound: .seconds(300)), logger: lane.logger, time: time,
            lease: lease)
    }

    /// The health that the newest collector has reported.
    var health: IntegrationHealth? {
        board.snapshot(now: time.now).entries.first { $0.name == "acme" }?.health
    }
}

/// No credential, because the simulated org requires none.
private struct NoCredential: Credential {
    func authorize(_ request: inout HTTPRequest) async throws(AuthorizationFailure) {}
}

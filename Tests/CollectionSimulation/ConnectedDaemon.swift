import CurlHTTPClient
import Fleet
import Logging
import OCSF
import Systemd

@testable import Collector
@testable import OktaAPI
@testable import Spool

/// The daemon's parts, connected as at one start of the daemon. The run provides transport, file system and time.
struct ConnectedDaemon: Sendable {
    let worker: IngestWorker
    private let scenario: Scenario
    private let lane: SimulationLane
    private let time: any TimeSource
    // A new process has no memory of earlier ones.
    private let board = StatusBoard()
    private let heartbeats = Heartbeats()

    /// - Parameters:
    ///   - spool: the settings of the spool; nil for a small one that seals often.
    ///   - sharedID: the id of the fleet's spool; nil for one host.
    ///   - seals: the fleet's bucket; nil for one host.
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
            limits = PassedLimits(window: 192, need: 12, head: 16, leastSeen: 4, restartDepths: 64..<80)
            // So that windows are full when the filter changes, although a narrow one admits few events.
            if scenario.features.contains(.narrowFilters) { (limits.window, limits.restartDepths) = (96, 40..<48) }
        }
        worker = try IngestWorker(
            name: "simulation", spool: Spool(settings, fileSystem: disk, now: time.spool), catalog: lane.catalog,
            settings: NormalizerSettings(rawData: false, observables: false), limits: limits, time: time,
            seals: seals, thread: lane.thread)
    }

    /// Creates a collector of the integration, without the state of an earlier one.
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

    /// What the newest collector shows on the status board.
    var health: IntegrationHealth? {
        board.snapshot(now: time.now).entries.first { $0.name == "acme" }?.health
    }
}

/// A credential for the org, which asks for none.
private struct NoCredential: Credential {
    func authorize(_ request: inout HTTPRequest) async throws(AuthorizationFailure) {}
}

import Spool
import Synchronization

@testable import Collector
@testable import Fleet

/// The state that all hosts of a run share.
struct FleetWorld: Sendable {
    let scenario: Scenario
    let plan: FleetPlan
    let lane: SimulationLane
    let time: SimulatedTime
    let org: ScriptedOrg
    let bucket: ScriptedBucket
}

/// A host of a fleet: its disk and its daemon. When it gains or loses a lease, it does what the daemon's services would do.
final class SimulatedHost {
    /// The running daemon.
    struct Running {
        let process: SimulatedProcess
        let daemon: ConnectedDaemon
        let sealer: SimulatedTask
    }

    /// A period in which the host holds the integration, with the collector of that period.
    struct Held {
        let collector: SimulatedTask
        let term: LeaseTerm
        /// The number of the filter in `WantedEvents`.
        let filter: Int
        let number: Int
    }

    let name: String
    private let world: FleetWorld
    private(set) var disk = PowerCutFileSystem()
    private(set) var running: Running?
    private(set) var held: Held?
    /// The task that carries out the last release or loss of the integration. It may have ended already.
    private(set) var move: SimulatedTask?
    private var copy: PowerCutFileSystem.Copy?
    private var holdings = 0
    private let lastSealing = Kept<IngestWorker.Sealing>()
    /// The number of unproven events that the host's collectors have reported.
    private(set) var unproven = 0
    private(set) var requeries = 0
    /// Descriptions of what must never happen but did.
    private(set) var problems: [String] = []

    init(_ name: String, _ world: FleetWorld) {
        self.name = name
        self.world = world
    }

    /// The result of the seal at the last release; nil if that release has not sealed.
    var sealing: IngestWorker.Sealing? { lastSealing.value.withLock(\.self) }

    // MARK: The disk, while no daemon runs

    func change(_ change: FleetPlan.DiskChange) {
        switch change {
        case .none: break
        case .isLost: disk = PowerCutFileSystem()
        case .stateIsLost: disk.replace("/state", with: nil)
        case .isOlder: if let copy { disk.replace("/state", with: copy) }
        }
    }

    func copyState() { copy = disk.copy("/state") }

    // MARK: The daemon

    /// Starts the daemon. Returns false if the start fails.
    func start(_ session: Scenario.Session) async -> Bool {
        let process = SimulatedProcess(
            host: name, disk: disk, time: world.time, clockOffset: session.hostOffset)
        let seals = SealLog(process, world.bucket, world.lane.logger)
        var id: [UInt8]? = [UInt8](repeating: 7, count: 16)
        if world.plan.opensSpool { id = await spoolID(seals, process) }
        let daemon: ConnectedDaemon
        do {
            guard let id else { throw SpoolError.refused("the bucket can't be used") }
            daemon = try ConnectedDaemon(
                world.scenario, world.lane, disk: disk, time: ProcessTime(process: process), sharedID: id, seals: seals)
        } catch {
            if id != nil { problems.append("\(name)'s spool can't be opened: \(error)") }
            process.die()
            _ = await process.join()
            disk.killed()
            return false
        }
        let plan = world.plan
        let sealer = process.start {
            let time = ProcessTime(process: process)
            while !Task.isCancelled {
                for name in await daemon.worker.due() { _ = await daemon.worker.sealDue(name) }
                await time.sleep(
                    until: time.now
                        + (process.isActive ? CollectionService.tick : .milliseconds(plan.sealingInterval)))
            }
        }
        running = Running(process: process, daemon: daemon, sealer: sealer)
        return true
    }

    private func spoolID(_ seals: SealLog, _ process: SimulatedProcess) async -> [UInt8]? {
        let box = Kept<Result<[UInt8], FleetSpoolProblem>>()
        let time = ProcessTime(process: process)
        let task = process.start {
            // Retries every ten seconds, as systemd would by starting the daemon again.
            for _ in 0..<60 {
                do throws(FleetSpoolProblem) {
                    let id = try await seals.open(fleet: "prod")
                    return box.value.withLock { $0 = .success(id) }
                } catch {
                    box.value.withLock { $0 = .failure(error) }
                    if case .refused = error { return }
                }
                await time.sleep(until: time.now + .seconds(10))
            }
        }
        await world.time.wait(until: world.time.server + 600_000, for: task.end)
        task.cancel()
        switch box.value.withLock(\.self) {
        case .success(let id): return id
        case .failure(.refused(let words)): problems.append("\(name) can't use the bucket: \(words)")
        default: break
        }
        return nil
    }

    /// Ends the daemon, whatever it is doing.
    func end(isPowerCut: Bool, _ random: inout SeededGenerator) async {
        guard let running else { return }
        running.process.die()
        if await !running.process.join() { problems.append("a task of \(name) does not end") }
        noteHealth()
        if isPowerCut { disk.reboot(&random) } else { disk.killed() }
        (self.running, held, move) = (nil, nil, nil)
    }

    // MARK: The integration

    func gain(_ session: Scenario.Session, filter: Int) {
        guard let running else { return }
        noteHealth()
        holdings += 1
        let term = LeaseTerm()
        let lease = CollectionLease(
            holding: Holding(integration: "acme", token: Int64(holdings), since: world.time.server, previousHost: nil),
            term: term)
        let transport = ProcessTransport(process: running.process, org: world.org)
        guard let collector = running.daemon.collector(session, transport: transport, lease: lease) else { return }
        held = Held(
            collector: running.process.start { await collector.run() }, term: term, filter: filter, number: holdings)
        renewLease()
    }

    /// Extends the lease, as a successful renewal does.
    func renewLease() { held?.term.extend(to: world.time.now + .seconds(100_000_000)) }

    /// Ends the lease without notifying the host.
    func endLease() { held?.term.finish() }

    /// Tells the host that it has lost the integration.
    func lose() { leave { worker in await worker.close("acme") } }

    /// Hands the integration over normally.
    ///
    /// - Parameter stops: whether the daemon stops, too.
    func release(stops: Bool = false) {
        lastSealing.value.withLock { $0 = nil }
        let lastSealing = lastSealing
        leave(stops: stops) { worker in
            let outcome = await worker.sealAndClose("acme")
            lastSealing.value.withLock { $0 = outcome }
        }
    }

    private func leave(stops: Bool = false, _ close: @escaping @Sendable (IngestWorker) async -> Void) {
        guard let running, let held else { return }
        self.held = nil
        let time = world.time
        move = running.process.start {
            if stops {
                running.sealer.cancel()
                _ = await time.join(running.sealer)
            }
            held.collector.cancel()
            _ = await time.join(held.collector)
            if !running.process.isDead { await close(running.daemon.worker) }
        }
    }

    private func noteHealth() {
        guard let health = running?.daemon.health else { return }
        unproven += health.unproven
        requeries += health.freshQueries
    }
}

/// The result of a task, for the code that started the task.
private final class Kept<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

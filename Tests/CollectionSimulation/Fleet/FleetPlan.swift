/// What the hosts of a fleet do, turn by turn, and which faults the bucket has. After the last turn, one host collects the remaining events.
package struct FleetPlan: Sendable {
    /// How a turn ends. Then the host of the next turn is notified that it holds the integration.
    package enum End: Sendable, Equatable {
        /// The integration is handed over normally, and the daemon continues to run.
        case release
        /// The daemon is stopped normally.
        case stop
        /// The host learns that it no longer holds the integration.
        case lost
        /// The host loses the integration without learning of it. It is suspended for `still` ms. It learns of the loss `hearsAfter` ms later, or
        /// never.
        case unaware(still: Int64, hearsAfter: Int64?)
        /// The process dies, or the power fails.
        case death(Death, isPowerCut: Bool)
    }

    /// The moment at which a process dies. Operations and requests are counted from the beginning of the turn.
    package enum Death: Sendable, Equatable {
        /// The process dies at a file operation.
        case operation(Int)
        /// The process dies at a request to the bucket, before or after the request is sent.
        case request(Int, isSent: Bool)
        /// The process dies at the end of the turn.
        case end
    }

    /// What happens to a host's disk before its daemon starts.
    package enum DiskChange: Sendable, Equatable { case none, isLost, stateIsLost, isOlder }

    /// A turn: a period in which one host collects.
    package struct Turn: Sendable {
        package var host: Int
        package var settings: Scenario.Session
        package var disk = DiskChange.none
        /// The length of the turn, in milliseconds.
        package var length: Int64
        package var end: End
        /// Whether the host's state is copied after the turn. ``DiskChange/isOlder`` restores the copy.
        package var copiesState = false
        /// Whether the host's lease ends with the turn. The host may not learn of it.
        package var endsLease = true
        /// How long the run waits for a hand-over at the end of the turn, in milliseconds.
        package var patience: Int64
    }

    package var hosts = 2
    package var turns: [Turn] = []
    /// The interval at which a daemon that waits for the next poll checks whether a seal is due, in milliseconds. It is longer than in a real daemon,
    /// because this makes a run faster.
    package var sealingInterval: Int64 = 1_000
    package var segmentMaxBytes = 40_000
    /// Whether a daemon opens the fleet's spool in the bucket when it starts. Otherwise it uses a fixed id.
    package var opensSpool = false
    /// Faults of the bucket per thousand requests. A write that decides a seal has three times as many.
    package var bucketFaults = 0
    /// Late writes per thousand writes. A write that decides a seal is late five times as often.
    package var lateWrites = 0
    /// The periods in which the bucket is unavailable, in milliseconds since 1970.
    package var outages: [Range<Int64>] = []
}

extension Scenario {
    mutating func makeFleet(_ generator: inout SeededGenerator) {
        var plan = FleetPlan()
        plan.hosts = Int.random(in: 2...3, using: &generator)
        plan.sealingInterval = max(1_000, Int64(pollSeconds) * 1000 / 8)
        plan.segmentMaxBytes = [6_000, 15_000, 40_000][Int.random(in: 0..<3, using: &generator)]
        plan.opensSpool = Int.random(in: 0..<4, using: &generator) == 0
        plan.bucketFaults = share(.bucketFaults, [10, 50, 150])
        plan.lateWrites = share(.lateWrites, [5, 20, 60])
        let span = max(60_000, (events.last?.stored ?? 0) - Self.origin)
        if features.contains(.bucketOutages) {
            var outages = self.generator(.bucketOutages)
            for _ in 0..<Int.random(in: 1...4, using: &outages) {
                let begin = Self.origin + Int64.random(in: 0..<span, using: &outages)
                let length: Int64 = [20_000, 600_000, 7_200_000][Int.random(in: 0..<3, using: &outages)]
                plan.outages.append(begin..<begin + Int64.random(in: 1...length, using: &outages))
            }
        }
        plan.turns = turns(&generator, hosts: plan.hosts, span: span)
        // With wrong clocks, the start is absolute: a relative start would depend on the clock of the host that computes it.
        if features.contains(.hostClock) { countsFromNow = false }
        fleet = plan
    }

    private func turns(_ generator: inout SeededGenerator, hosts: Int, span: Int64) -> [FleetPlan.Turn] {
        var settings = SettingsChoice(self, firstSize: [5, 20, 50][Int.random(in: 0..<3, using: &generator)])
        var disks = self.generator(.lostState)
        var older = self.generator(.olderState)
        var turns: [FleetPlan.Turn] = []
        let count = Int.random(in: 2...9, using: &generator)
        for number in 0..<count {
            var host = Int.random(in: 0..<hosts, using: &generator)
            if host == turns.last?.host, Int.random(in: 0..<3, using: &generator) > 0 { host = (host + 1) % hosts }
            let most = [3_000, 60_000, Int64(pollSeconds) * 5_000, span / Int64(count), 2 * span / Int64(count)]
            var turn = FleetPlan.Turn(
                host: host, settings: settings.next(isFirst: number == 0),
                length: Int64.random(
                    in: 0...most[Int.random(in: 0..<most.count, using: &generator)], using: &generator),
                end: end(&generator), patience: [0, 400, 60_000][Int.random(in: 0..<3, using: &generator)])
            turn.endsLease = Bool.random(using: &generator)
            if Bool.random(using: &generator) { turn.settings.pause = Int64.random(in: 0...2_000, using: &generator) }
            if features.contains(.lostState), Int.random(in: 0..<3, using: &disks) == 0 {
                turn.disk = Bool.random(using: &disks) ? .isLost : .stateIsLost
            }
            if features.contains(.olderState) {
                turn.copiesState = Bool.random(using: &older)
                if Int.random(in: 0..<3, using: &older) == 0 { turn.disk = .isOlder }
            }
            turns.append(turn)
        }
        return turns
    }

    private func end(_ generator: inout SeededGenerator) -> FleetPlan.End {
        var ends: [FleetPlan.End] = [.release, .stop, .lost]
        func random(_ most: Int64) -> Int64 { Int64.random(in: 0...most, using: &generator) }
        let hearsAfter: Int64? =
            Bool.random(using: &generator) ? random([2_000, 900_000, 20_000_000][Int(random(2))]) : nil
        if features.contains(.overlaps) { ends += [.unaware(still: 0, hearsAfter: hearsAfter)] }
        if features.contains(.pauses) {
            ends += [.unaware(still: random([10_000, 600_000, 14_400_000][Int(random(2))]), hearsAfter: hearsAfter)]
        }
        let isPowerCut = features.contains(.powerCuts) && Bool.random(using: &generator)
        if features.contains(.kills) || features.contains(.powerCuts) {
            let operation = Int(random([60, 400][Int(random(1))])) + 1
            ends += [.death(.operation(operation), isPowerCut: isPowerCut), .death(.end, isPowerCut: isPowerCut)]
        }
        if features.contains(.requestKills) {
            let request = Int(random([8, 60][Int(random(1))])) + 1
            let isSent = Bool.random(using: &generator)
            ends += [.death(.request(request, isSent: isSent), isPowerCut: isPowerCut)]
        }
        return ends[Int(random(Int64(ends.count - 1)))]
    }
}

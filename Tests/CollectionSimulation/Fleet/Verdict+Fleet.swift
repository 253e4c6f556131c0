import Fleet

@testable import OktaAPI
@testable import Spool

extension Verdict {
    /// Checks that each wanted event is in the bucket once, and that the segments are those of the decided seals.
    mutating func check(_ bucket: FleetBucket, _ wanted: WantedEvents, of scenario: Scenario) {
        let decisions = decisions(bucket)
        seals = decisions.count
        takeovers = zip(decisions, decisions.dropFirst()).count { $0.host != $1.host }
        checkSegments(bucket, decisions)
        checkStaged(bucket, decisions)
        compare(counts(bucket), with: wanted, of: scenario)
    }

    private mutating func decisions(_ bucket: FleetBucket) -> [SealDecision] {
        var decisions: [SealDecision] = []
        var passed: StoredTime?
        for (number, key) in bucket.seals.enumerated() {
            guard let object = bucket.object(key), let decision = SealDecision(object.bytes) else {
                problems.append("\(key) does not contain a decision")
                continue
            }
            decisions.append(decision)
            if key != FleetKey.seal("acme", UInt64(number) + 2) {
                problems.append("\(key): a number is missing between the decided seals")
            }
            guard let place = try? LogPlace(parsing: decision.cursor) else {
                problems.append("\(key) does not contain a valid place in the log")
                continue
            }
            // A way's restart time never moves back (docs/exactly-once.md). If this seal has an earlier restart time than the previous seal, its host
            // did not continue from the place in the previous seal.
            let restart = LogWay.allCases.compactMap { place[$0]?.restart }.min()
            if let passed, let restart, restart < passed {
                problems.append("\(key) moves the restart time back to \(restart)")
            }
            passed = restart
        }
        if decisions.isEmpty { problems.append("no seal was decided") }
        return decisions
    }

    private mutating func checkSegments(_ bucket: FleetBucket, _ decisions: [SealDecision]) {
        var named: [String: Int] = [:]
        for (number, decision) in decisions.enumerated() {
            let decided = bucket.object(decision.key)?.write ?? 0
            let next = number + 1 < decisions.count ? bucket.object(decisions[number + 1].key)?.write : nil
            for segment in decision.segments {
                named[segment.path, default: 0] += 1
                if named[segment.path] == 2 { problems.append("\(segment.path) is named by two decided seals") }
                guard let object = bucket.object(segment.path) else {
                    problems.append("\(segment.path), which \(decision.key) names, is not in the bucket")
                    continue
                }
                if object.write < decided { problems.append("\(segment.path) was published before it was decided") }
                // A seal's segments must be published before the next seal is decided. A host that opens the journal publishes only the newest seal.
                if let next, object.write > next {
                    problems.append("\(segment.path) was published after the next seal was decided")
                }
                if !bucket.hasDigest(segment.path, segment.sha256) {
                    problems.append("\(segment.path) does not have the SHA-256 of \(decision.key)")
                }
            }
        }
        for path in bucket.segments where named[path] == nil { problems.append("no decided seal names \(path)") }
    }

    /// Checks that staged objects are left only for the newest decided seal, or for a seal that may still be decided.
    private mutating func checkStaged(_ bucket: FleetBucket, _ decisions: [SealDecision]) {
        guard let newest = decisions.last else { return }
        if !bucket.hasDigest(newest.windows.key, newest.windows.sha256) {
            problems.append("\(newest.windows.key) does not have the SHA-256 of \(newest.key)")
        }
        for key in bucket.keys(FleetKey.windows("acme")) + bucket.keys(FleetKey.bundles("acme")) {
            guard let generation = FleetKey.generation(key), generation <= newest.generation,
                key != newest.windows.key, key != newest.bundle?.key
            else { continue }
            problems.append("\(key) should be removed, because \(newest.key) is the newest decided seal")
        }
    }

    private mutating func counts(_ bucket: FleetBucket) -> [Int: Int] {
        var counts: [Int: Int] = [:]
        for path in bucket.segments {
            for line in (bucket.object(path)?.bytes ?? []).split(separator: 10) {
                guard let number = line.withUnsafeBytes({ AnswerText.number(ofRecord: $0) }) else {
                    problems.append("a record in \(path) has no uid of a simulated event")
                    break
                }
                counts[number, default: 0] += 1
            }
        }
        return counts
    }
}

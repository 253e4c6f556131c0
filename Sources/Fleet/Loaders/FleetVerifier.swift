import Delivery
import FoundationEssentials
import Spool
import Time

/// Reads all seals and segments of a fleet's bucket, and compares them.
///
/// Memory depends on the largest integration: eight bytes for each of its segments, and the fingerprints of its records up to
/// ``VerifyOptions/fingerprintLimit``. If an integration has more records than that, its segments are read several times. The verification can run
/// while the fleet collects.
package struct FleetVerifier: Sendable {
    /// The number of segments that are read at the same time.
    static let transfers = 4

    let list: SealList
    let options: VerifyOptions
    var result = VerifyResult()
    private var state = VerifyProgress(segments: 0, totalSegments: 0, bytes: 0, totalBytes: 0)

    package init(_ list: SealList, _ options: VerifyOptions) {
        self.list = list
        self.options = options
    }

    package static func verify(
        _ list: SealList, _ options: VerifyOptions, progress: (VerifyProgress) -> Void
    ) async throws(S3Problem) -> VerifyResult {
        var run = FleetVerifier(list, options)
        return try await run.run(progress)
    }

    /// The result of the first pass over an integration's seals.
    struct Overview: Sendable {
        var name: String
        /// The generation of the oldest seal.
        var oldest: UInt64
        /// When the oldest readable seal was made. Milliseconds since 1970.
        var oldestSealedAt = Int64.min
        var newest: SealDecision?
        var records = 0
        var segments = 0
        var bytes: Int64 = 0
    }

    private mutating func run(_ progress: (VerifyProgress) -> Void) async throws(S3Problem) -> VerifyResult {
        try await list.check()
        let integrations = try await list.integrations()
        var overviews: [Overview] = []
        for (name, oldest) in integrations {
            let overview = try await overview(name, oldest: oldest)
            let passes = Int64(passes(overview))
            state.totalSegments += overview.segments * Int(passes)
            state.totalBytes += overview.bytes * passes
            overviews.append(overview)
        }
        for overview in overviews {
            var named: Set<Int> = []
            var last = overview.oldest - min(overview.oldest, 1)
            for pass in 0..<passes(overview) {
                var check = IntegrationCheck(pass: pass, passes: passes(overview))
                last = try await read(&check, overview, progress)
                if pass == 0 { named = check.named }
            }
            try await lookForStrangers(overview, named, readThrough: last)
        }
        try await lookForOtherIntegrations(Set(integrations.map(\.name)))
        return result
    }

    private func passes(_ overview: Overview) -> Int {
        guard options.uid != nil else { return 1 }
        return max(1, (overview.records + options.fingerprintLimit - 1) / max(1, options.fingerprintLimit))
    }

    mutating func report(_ kind: SpoolProblem.Kind, _ path: String, _ detail: String) {
        result.report(kind, path, detail, limit: options.problemLimit)
    }

    // MARK: Seals

    /// Checks the seals of an integration: from the oldest one on, there must be a seal for each generation, and each seal must have a cursor.
    private mutating func overview(_ name: String, oldest: UInt64) async throws(S3Problem) -> Overview {
        var overview = Overview(name: name, oldest: oldest)
        var after = oldest - min(oldest, 1)
        var expected = oldest
        while true {
            let (found, next) = try await seals(name, after: after)
            for (generation, seal) in found {
                let key = FleetKey.seal(name, generation)
                if generation != expected {
                    let missing =
                        generation == expected + 1
                        ? "the seal that begins generation \(expected) is missing"
                        : "the seals that begin generations \(expected) to \(generation - 1) are missing"
                    report(.sealGap, key, missing)
                }
                expected = generation + 1
                guard let seal else {
                    report(.damagedSeal, key, "the object is not a seal of \(name)")
                    continue
                }
                if overview.newest == nil {
                    overview.oldestSealedAt = CivilTime.milliseconds(rfc3339: seal.sealedAt) ?? .min
                }
                overview.newest = seal
                if seal.cursor.isEmpty {
                    report(.damagedSeal, key, "the seal does not say where collection continues")
                }
                overview.segments += seal.segments.count
                for segment in seal.segments {
                    overview.records += segment.records
                    overview.bytes += segment.bytes
                }
            }
            guard let next else { break }
            after = next
        }
        result.listed += overview.segments
        return overview
    }

    /// Reads some seals. A seal that can't be used is nil. `next` is the generation after which to continue; nil at the end.
    func seals(
        _ name: String, after: UInt64
    ) async throws(S3Problem) -> (found: [(UInt64, SealDecision?)], next: UInt64?) {
        let listing = try await list.log.client.list(
            FleetKey.seals(name), after: FleetKey.seal(name, after), limit: SealList.pieceSeals)
        let generations = listing.entries.compactMap { FleetKey.generation($0.path) }
        let found = try await SealList.all(generations, atOnce: SealList.requests) { (generation) throws(S3Problem) in
            let read = try await list.log.client.read(FleetKey.seal(name, generation), limit: SealLog.decisionBytes)
            let seal = read.flatMap { SealDecision($0.bytes) }
            return seal?.integration == name && seal?.generation == generation
                && seal?.format ?? .max <= SealDecision.format ? seal : nil
        }
        return (Array(zip(generations, found)), listing.isTruncated ? generations.last : nil)
    }

    // MARK: Segments

    /// One pass over an integration's segments.
    private struct IntegrationCheck {
        struct Fingerprint {
            var value: UInt128
            /// Identifies the segment: its seal's generation, and in the low 12 bits the segment's index in that seal.
            var place: UInt64
        }

        let pass: Int
        let passes: Int
        /// Hashes of the paths that seals name.
        var named: Set<Int> = []
        var fingerprints: [Fingerprint] = []
        /// The combinations of kind and class of the segments that were found. A later segment that is missing is reported only if its
        /// combination is among them.
        var present: Set<String> = []
    }

    /// Checks the segments of an integration in one pass. Returns the last generation whose seal was read.
    private mutating func read(
        _ check: inout IntegrationCheck, _ overview: Overview, _ progress: (VerifyProgress) -> Void
    ) async throws(S3Problem) -> UInt64 {
        var after = overview.oldest - min(overview.oldest, 1)
        while true {
            let (found, next) = try await seals(overview.name, after: after)
            var usable = found.compactMap(\.1)
            for seal in usable { for segment in seal.segments { check.named.insert(segment.path.hashValue) } }
            // The newest seal's segments may not be visible yet. Then they are not checked.
            if next == nil, let last = usable.last, try await !list.isPublished(last) {
                state.totalSegments -= last.segments.count
                state.totalBytes -= last.segments.reduce(0) { $0 + $1.bytes }
                usable.removeLast()
            }
            let listings = try await list.listings(usable, after: nil)
            for start in stride(from: 0, to: listings.count, by: 2 * Self.transfers) {
                let some = Array(listings[start..<min(listings.count, start + 2 * Self.transfers)])
                try await self.check(some, &check)
                state.segments += some.count
                state.bytes += some.reduce(0) { $0 + $1.segment.bytes }
                progress(state)
            }
            after = found.last?.0 ?? after
            guard next != nil else { break }
        }
        findDuplicates(&check, overview.name)
        return after
    }

    private mutating func check(_ listings: [FleetListing], _ check: inout IntegrationCheck) async throws(S3Problem) {
        let (pass, passes, list, options) = (check.pass, check.passes, list, options)
        let outcomes = try await SealList.all(listings, atOnce: Self.transfers) { (listing) throws(S3Problem) in
            try await Self.read(listing, list, options) { passes == 1 || $0 % UInt128(passes) == UInt128(pass) }
        }
        for (listing, outcome) in zip(listings, outcomes) {
            let segment = listing.segment
            let directory = segment.kind + (segment.partition["class"] ?? "")
            guard let outcome else {
                guard pass == 0 else { continue }
                result.gone += 1
                if check.present.contains(directory) {
                    report(
                        .missing, segment.path,
                        "the segment \(listing.place) is not in the bucket, but older segments of its class exist")
                }
                continue
            }
            check.present.insert(directory)
            let place = listing.position.generation << 12 | UInt64(listing.position.segments - 1)
            check.fingerprints += outcome.fingerprints.map { .init(value: $0, place: place) }
            guard pass == 0 else { continue }
            result.checked += 1
            result.records += outcome.records
            for problem in outcome.problems { report(problem.kind, problem.path, problem.detail) }
        }
    }

    struct Outcome: Sendable {
        var records = 0
        var fingerprints: [UInt128] = []
        var problems: [SpoolProblem] = []
    }

    /// Reads and checks a segment. Returns nil if the segment does not exist.
    private static func read(
        _ listing: FleetListing, _ list: SealList, _ options: VerifyOptions,
        keeping: @escaping @Sendable (UInt128) -> Bool
    ) async throws(S3Problem) -> Outcome? {
        guard let bytes = listing.bytes else { return nil }
        var pieces = SegmentPieces(list, path: listing.segment.path, bytes: bytes)
        var reading = SegmentReading(listing.segment, options)
        while let piece = try await pieces.next() { reading.take(piece, keeping: keeping) }
        return pieces.isGone ? nil : reading.outcome()
    }

    private mutating func findDuplicates(_ check: inout IntegrationCheck, _ name: String) {
        func text(_ place: UInt64) -> String {
            SealPosition(generation: place >> 12, segments: Int(place & 0xFFF) + 1).text(name)
        }
        check.fingerprints.sort { ($0.value, $0.place) < ($1.value, $1.place) }
        for (first, second) in zip(check.fingerprints, check.fingerprints.dropFirst())
        where first.value == second.value {
            report(
                .duplicate, text(second.place),
                first.place == second.place
                    ? "the segment has the same record twice" : "the same record is also in \(text(first.place))")
        }
    }
}

/// The check of one segment, piece by piece.
private struct SegmentReading {
    private let segment: SealedSegment
    private var check: SegmentCheck?
    private let stream: SegmentStream?
    /// Why the segment can't be read completely; nil if it can.
    private var damage: String?

    init(_ segment: SealedSegment, _ options: VerifyOptions) {
        self.segment = segment
        do throws(SpoolError) {
            check = try SegmentCheck(segment, options, record: "its seal")
            stream = try SegmentStream(path: segment.path)
        } catch {
            stream = nil
            damage = "\(error)"
        }
    }

    mutating func take(_ piece: [UInt8], keeping: (UInt128) -> Bool) {
        guard var check, let stream else { return }
        let outcome = piece.withUnsafeBytes { bytes in
            Result { () throws(SpoolError) in
                try check.packed(bytes)
                guard damage == nil else { return }
                try stream.feed(bytes) { (lines) throws(SpoolError) in try check.lines(lines, keeping: keeping) }
            }
        }
        self.check = check
        if case .failure(let error) = outcome { damage = Self.words(error) }
    }

    mutating func outcome() -> FleetVerifier.Outcome {
        do throws(SpoolError) {
            if damage == nil { try stream?.finish() }
        } catch {
            damage = Self.words(error)
        }
        var problems = (try? check?.problems()) ?? []
        if let damage {
            problems.removeAll { ![.size, .digest].contains($0.kind) }
            problems.append(SpoolProblem(kind: .damaged, path: segment.path, detail: damage))
        }
        return FleetVerifier.Outcome(
            records: check?.records ?? 0, fingerprints: check?.fingerprints ?? [], problems: problems)
    }

    private static func words(_ error: SpoolError) -> String {
        if case .damaged(_, let reason) = error { reason } else { "\(error)" }
    }
}

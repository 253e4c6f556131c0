import Delivery
import Spool

/// Reads the seals in a fleet's bucket. They list the segments for loaders, as the manifest does in the spool of a single host.
///
/// Integrations come in the order of their names, and the seals of each in the order of their generations. Seals are read in pieces, so that memory
/// use does not depend on the number of seals. Only the newest seal of an integration can have segments that are not visible yet: its bundle, the
/// object in which its segments were staged, exists until all of them are visible.
package struct SealList: Sendable {
    /// The maximum number of seals in a piece.
    static let pieceSeals = 64
    /// The maximum total size of the seals in a piece, in bytes. A piece with a single seal may be larger.
    static let pieceBytes: Int64 = 4 << 20
    /// The number of concurrent requests.
    static let requests = 8

    let log: SealLog
    private var client: S3Client { log.client }

    package init(_ log: SealLog) { self.log = log }

    /// The bucket's address, for a person.
    package var place: String { client.address.shown }

    /// Checks that the bucket has the spool of a fleet.
    package func check() async throws(S3Problem) {
        guard try await log.spool() == nil else { return }
        throw Self.refused(
            "\(place) has no \(FleetKey.spool), so it is not the spool of a fleet",
            "Correct fleet.log, or start the fleet's first host")
    }

    // MARK: Listing

    /// The integrations that were ever sealed, in the order of their names, each with the generation of its oldest kept seal. Takes one request for
    /// each integration.
    package func integrations() async throws(S3Problem) -> [(name: String, oldest: UInt64)] {
        var found: [(name: String, oldest: UInt64)] = []
        var after: String?
        while let entry = try await client.list(FleetKey.allSeals, after: after, limit: 1).entries.first {
            let parts = entry.path.dropFirst(FleetKey.allSeals.utf8.count).split(separator: "/")
            guard parts.count == 2, let generation = FleetKey.generation(entry.path) else {
                after = entry.path
                continue
            }
            found.append((String(parts[0]), generation))
            // The names of seals begin with digits, which sort before "~". So the next listing begins after all seals of this integration.
            after = FleetKey.seals(String(parts[0])) + "~"
        }
        return found.sorted { $0.name < $1.name }
    }

    /// For each integration, the largest generation for which the bucket has an object with identity windows. This is the generation of the newest
    /// seal, or the next generation: a host stores the next generation's object before it decides the seal, and may then never decide it. Takes one
    /// request for each 1,000 objects; an integration usually has one or two objects.
    package func staged() async throws(S3Problem) -> [String: UInt64] {
        var found: [String: UInt64] = [:]
        var after: String?
        while true {
            let listing = try await client.list(FleetKey.allWindows, after: after)
            for entry in listing.entries {
                let parts = entry.path.dropFirst(FleetKey.allWindows.utf8.count).split(separator: "/")
                guard parts.count == 2, let generation = FleetKey.generation(entry.path) else { continue }
                found[String(parts[0])] = max(found[String(parts[0])] ?? 0, generation)
            }
            guard listing.isTruncated, let last = listing.entries.last else { return found }
            after = last.path
        }
    }

    /// The seal that begins a generation; nil if there is none.
    package func seal(_ integration: String, _ generation: UInt64) async throws(S3Problem) -> SealDecision? {
        try await log.decision(integration, generation)
    }

    /// The generation of the first kept seal after a generation; nil if there is none.
    package func first(_ integration: String, after generation: UInt64) async throws(S3Problem) -> UInt64? {
        let key = FleetKey.seal(integration, generation)
        let entries = try await client.list(FleetKey.seals(integration), after: key, limit: 1).entries
        return entries.first.flatMap { FleetKey.generation($0.path) }
    }

    /// Whether all segments of a seal are visible. This can be false only for the newest seal.
    package func isPublished(_ seal: SealDecision) async throws(S3Problem) -> Bool {
        guard let bundle = seal.bundle else { return true }
        return try await !client.exists(bundle.key)
    }

    /// The size of a segment's object in bytes; nil if there is no such object.
    package func bytes(of path: String) async throws(S3Problem) -> Int64? {
        let entries = try await client.list(path, limit: 1).entries
        return entries.first.flatMap { $0.path == path ? $0.bytes : nil }
    }

    // MARK: Pieces

    /// Some seals of an integration, in order.
    package struct Piece: Sendable {
        package var seals: [SealDecision] = []
        /// The newest seal, if some of its segments are not visible yet. It is not among `seals`.
        package var unpublished: SealDecision?
        /// The generation after which the next piece begins; nil at the end.
        package var next: UInt64?
    }

    /// The next seals after a generation. Throws a final problem if a seal is missing, because a loader would not get that seal's segments.
    package func piece(_ integration: String, after generation: UInt64) async throws(S3Problem) -> Piece {
        let listing = try await client.list(
            FleetKey.seals(integration), after: FleetKey.seal(integration, generation), limit: Self.pieceSeals)
        var generations: [UInt64] = []
        var bytes: Int64 = 0
        for entry in listing.entries {
            bytes += entry.bytes
            guard generations.isEmpty || bytes <= Self.pieceBytes else { break }
            if let generation = FleetKey.generation(entry.path) { generations.append(generation) }
        }
        for (expected, found) in zip((generation + 1)..., generations) where expected != found {
            throw Self.missing(integration, expected, before: found, in: place)
        }
        var piece = Piece()
        piece.seals = try await Self.all(generations, atOnce: Self.requests) { (generation) throws(S3Problem) in
            try await seal(integration, generation)
        }.compactMap(\.self)
        if listing.isTruncated || generations.count < listing.entries.count {
            piece.next = generations.last
        } else if let last = piece.seals.last, try await !isPublished(last) {
            piece.unpublished = piece.seals.removeLast()
        }
        return piece
    }

    /// - Parameter following: turns a position into advice on how to continue there. The position is directly after the missing seals.
    static func missing(
        _ integration: String, _ first: UInt64, before next: UInt64, in place: String,
        following: (String) -> String = { "continue after \($0)" }
    ) -> S3Problem {
        let what =
            next == first + 1
            ? "the seal of \(integration) that begins generation \(first) is"
            : "the seals of \(integration) that begin generations \(first) to \(next - 1) are"
        return refused(
            "\(what) not in \(place) any more",
            "Restore the missing objects from their earlier versions, or "
                + following(SealPosition(generation: next, segments: 0).text(integration))
                + "; the segments of missing seals may still be in the bucket")
    }

    /// The generation after which to begin a listing from a position. Throws a final problem if the position is after the newest seal, or if seals
    /// after it are missing.
    package func start(after position: SealPosition, of integration: String) async throws(S3Problem) -> UInt64 {
        // The seal at the position may have further segments, so the listing includes that seal.
        if try await seal(integration, position.generation) != nil { return position.generation - 1 }
        if let next = try await first(integration, after: position.generation) {
            guard next == position.generation + 1 else {
                throw Self.missing(integration, position.generation + 1, before: next, in: place)
            }
            return position.generation
        }
        // There is no later seal: either everything is loaded, or the position is from another bucket.
        if position.segments == 0 {
            if position.generation <= 2 { return position.generation }
            if try await seal(integration, position.generation - 1) != nil { return position.generation }
        }
        throw Self.refused(
            "\(place) has no seal of \(integration) at position \(position.text(integration)) or later: "
                + "either the position is from another fleet, or an older state of the bucket was restored",
            "Continue from an earlier position, and skip the paths that you have loaded")
    }

    /// The segments of seals after a position, in order, each with the size of its object. Takes few requests, even for many segments.
    package func listings(
        _ seals: [SealDecision], after position: SealPosition?
    ) async throws(S3Problem) -> [FleetListing] {
        let listed = seals.flatMap { $0.listings(after: position) }
        // Names in a directory begin with the time of sealing, so the names from a few seals are next to each other, and few listings find them.
        var names: [String: [String]] = [:]
        for listing in listed {
            let path = listing.segment.path
            names[String(path.dropLast(listing.segment.fileName.utf8.count)), default: []].append(path)
        }
        let found = try await Self.all(Array(names.keys), atOnce: Self.requests) {
            [names] (directory) throws(S3Problem) in
            try await present(in: directory, among: Set(names[directory] ?? []))
        }
        let sizes: [String: Int64] = found.reduce(into: [:]) { $0.merge($1) { $1 } }
        return listed.map { listing in
            var listing = listing
            listing.bytes = sizes[listing.segment.path]
            return listing
        }
    }

    private func present(in directory: String, among paths: Set<String>) async throws(S3Problem) -> [String: Int64] {
        guard let first = paths.min(), let last = paths.max() else { return [:] }
        var found: [String: Int64] = [:]
        // A listing contains only keys after `after`. The first path without its last character sorts before the path itself, so the listing includes
        // the path.
        var after = String(first.dropLast())
        while true {
            let limit = max(1, min(1_000, 2 * paths.count))
            let listing = try await client.list(directory, after: after, limit: limit)
            for entry in listing.entries where paths.contains(entry.path) { found[entry.path] = entry.bytes }
            guard listing.isTruncated, let end = listing.entries.last, end.path < last else { return found }
            after = end.path
        }
    }

    /// Runs an operation for each item, a limited number at the same time, and returns the results in the order of the items.
    static func all<Item: Sendable, Result: Sendable>(
        _ items: [Item], atOnce: Int, _ body: @escaping @Sendable (Item) async throws(S3Problem) -> Result
    ) async throws(S3Problem) -> [Result] {
        let outcomes = await withTaskGroup(of: (Int, Swift.Result<Result, S3Problem>).self) { group in
            var results: [Int: Swift.Result<Result, S3Problem>] = [:]
            var next = 0
            func begin() {
                guard next < items.count else { return }
                let index = next
                next += 1
                group.addTask {
                    do throws(S3Problem) {
                        return (index, .success(try await body(items[index])))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            for _ in 0..<atOnce { begin() }
            for await (index, result) in group {
                results[index] = result
                begin()
            }
            return items.indices.compactMap { results[$0] }
        }
        var results: [Result] = []
        for outcome in outcomes { results.append(try outcome.get()) }
        return results
    }
}

/// A segment that a seal names.
package struct FleetListing: Sendable, Equatable {
    package var segment: SealedSegment
    package var integration: String
    package var position: SealPosition
    /// Size of the object in bytes; nil if it does not exist or was not looked up yet.
    package var bytes: Int64?

    /// Whether the object does not exist. Valid only after the object was looked up.
    package var isGone: Bool { bytes == nil }

    /// The segment's position as text.
    package var place: String { position.text(integration) }
}

extension SealDecision {
    /// The seal's segments after a position, in order.
    package func listings(after position: SealPosition?) -> [FleetListing] {
        segments.enumerated().compactMap { index, segment in
            let own = SealPosition(generation: generation, segments: index + 1)
            if let position, position.covers(own) { return nil }
            return FleetListing(segment: segment, integration: integration, position: own)
        }
    }
}

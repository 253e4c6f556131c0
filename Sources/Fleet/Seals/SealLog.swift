import CurlHTTPClient
import Delivery
import Logging
import Spool

/// The seals of a fleet in its bucket: carries out the steps of `SpoolWriter+Shared` that concern the bucket.
///
/// Invariants
/// - A decision is an object that is written once, only if its generation has no decision yet (`If-None-Match: *`). So only one of the hosts that
///   seal a generation succeeds. The others read its decision, and drop their own unsealed records.
/// - A host seals a generation only if it knows the previous decision: it has made that decision itself, or has read it when it opened the
///   integration. The events of each decision begin at the cursor of the previous decision. So the decisions form one chain.
/// - The identity windows and the bundle are stored before the decision that names them. The bundle is deleted only after all of its segments are
///   published. So any host that reads a decision can finish its publication: the bundle exists, or nothing is left to do.
/// - A generation is decided only after the previous one is published. So only the newest decision can have segments that are not visible yet.
/// - Identity windows, and bundles with segments that are not published, are deleted only if their generation is decided and the newest decision does
///   not name them.
package struct SealLog: Sendable {
    let client: S3Client
    private let encryption: String?
    /// The file system with the staged files.
    private let files: any FileSystem
    /// This host's name in the fleet.
    package let host: String
    private let logger: Logger

    /// The time limit of an attempt to decide. If the time runs out, the decision is read to find out whether the attempt succeeded.
    static let decisionLimit = Duration.seconds(20)
    /// The maximum size of a decision, in bytes: more than enough for a cursor and the entries of 4,096 segments, a kilobyte each.
    static let decisionBytes = 8 << 20
    /// The largest identity windows, in bytes.
    static let windowsBytes: Int64 = 64 << 20
    /// The age at which decisions are deleted, by the store's clock: 90 days, in milliseconds. The newest decision is always kept.
    static let kept: Int64 = 90 * 86_400_000

    package init(
        _ client: S3Client, encryption: String?, host: String, logger: Logger, files: any FileSystem = PosixFileSystem()
    ) {
        self.client = client
        self.files = files
        self.encryption = encryption
        self.host = host
        self.logger = logger
    }

    // MARK: Opening

    /// An integration's newest decision; nil if the integration was never sealed.
    package func newest(_ integration: String) async throws(S3Problem) -> SealDecision? {
        let windows = try await client.list(FleetKey.windows(integration)).entries
        // The windows of the newest decision always exist. Windows of a generation without a decision are from an attempt that has failed or is still
        // running.
        for generation in Set(windows.compactMap { FleetKey.generation($0.path) }).sorted(by: >) {
            guard let found = try await decision(integration, generation) else { continue }
            return try await latest(after: found)
        }
        guard let first = try await client.list(FleetKey.seals(integration), limit: 1).entries.first,
            let generation = FleetKey.generation(first.path),
            let found = try await decision(integration, generation)
        else { return nil }
        return try await latest(after: found)
    }

    private func latest(after decision: SealDecision) async throws(S3Problem) -> SealDecision {
        var newest = decision
        while true {
            let later = try await client.list(FleetKey.seals(newest.integration), after: newest.key).entries
            guard let last = later.last, let generation = FleetKey.generation(last.path),
                let found = try await self.decision(newest.integration, generation)
            else { return newest }
            newest = found
        }
    }

    /// The decision of a generation; nil if there is none.
    package func decision(_ integration: String, _ generation: UInt64) async throws(S3Problem) -> SealDecision? {
        let key = FleetKey.seal(integration, generation)
        guard let read = try await client.read(key, limit: Self.decisionBytes) else { return nil }
        guard let decision = SealDecision(read.bytes), decision.integration == integration,
            decision.generation == generation
        else { throw damaged(key, "the object is not a seal of \(integration)") }
        guard decision.format <= SealDecision.format else {
            throw damaged(
                key,
                "the seal has format \(decision.format), but this version supports formats up to \(SealDecision.format)",
                remedy: "Install the version that runs on the other hosts")
        }
        return decision
    }

    /// The identity windows of a decision. They are kept only for the newest decision.
    package func windows(of decision: SealDecision) async throws(S3Problem) -> [UInt8] {
        guard decision.windows.bytes <= Self.windowsBytes else {
            throw damaged(decision.windows.key, "the object is too large")
        }
        let read = try await client.read(decision.windows.key, limit: Int(decision.windows.bytes) + 1)
        guard let read else {
            throw damaged(
                decision.windows.key,
                "the object is missing; check that no lifecycle rule deletes objects below _tributary/")
        }
        guard (try? FileDigest.sha256(of: read.bytes)) == decision.windows.sha256 else {
            throw damaged(decision.windows.key, "the object does not have the SHA-256 that \(decision.key) names")
        }
        return read.bytes
    }

    /// Finishes the publication of a decision, whichever host has made it. Then removes the objects left over from failed attempts and earlier seals.
    ///
    /// - Parameter directory: a directory for temporary files.
    package func finish(_ decision: SealDecision, in directory: String) async throws(S3Problem) {
        if let bundle = decision.bundle, try await client.exists(bundle.key) {
            try await publish(decision, from: bundle, in: directory)
            try await client.delete(bundle.key)
        }
        for prefix in [FleetKey.windows(decision.integration), FleetKey.bundles(decision.integration)] {
            for entry in try await client.list(prefix).entries {
                guard let generation = FleetKey.generation(entry.path), generation <= decision.generation,
                    entry.path != decision.windows.key, entry.path != decision.bundle?.key
                else { continue }
                try await client.delete(entry.path)
            }
        }
    }

    // MARK: Sealing

    /// Step 1, *stage*: stores the windows and the bundle. May be repeated.
    package func store(_ decision: SealDecision, _ staged: StagedSeal) async throws(S3Problem) {
        try await put(decision.windows.key, staged.windows)
        if let bundle = decision.bundle, let file = staged.bundle { try await put(bundle.key, file) }
    }

    /// The outcome of an attempt to decide.
    package enum Outcome: Sendable, Equatable {
        /// The decision is in force.
        case decided
        /// Another host has decided this generation.
        case fenced(by: SealDecision)
    }

    /// Step 2, *decide*. If the method throws, the outcome is unknown: call the method again with the same decision.
    package func decide(_ decision: SealDecision) async throws(S3Problem) -> Outcome {
        do throws(S3Problem) {
            let written = try await client.write(
                decision.key, decision.bytes, if: .isNew, headers: headers("application/json"),
                within: Self.decisionLimit)
            if case .stored = written { return .decided }
        } catch {
            guard !error.isFinal, !error.isCancelled else { throw error }
            // The decision may be in force although the answer to the write was lost.
            guard let found = try await self.decision(decision.integration, decision.generation) else { throw error }
            return outcome(decision, found)
        }
        // The write was refused, because there is already a decision, perhaps from an earlier attempt whose answer was lost.
        guard let found = try await self.decision(decision.integration, decision.generation) else {
            throw S3Problem(
                trouble: DeliveryTrouble(
                    "\(decision.key) was reported as present, but is missing", remedy: "Tributary retries"))
        }
        return outcome(decision, found)
    }

    private func outcome(_ own: SealDecision, _ found: SealDecision) -> Outcome {
        found.commit == own.commit ? .decided : .fenced(by: found)
    }

    /// Step 4, *publish*: gives the segments their final names. This step may be repeated, even by several hosts at once.
    package func publish(_ decision: SealDecision, _ staged: StagedSeal) async throws(S3Problem) {
        for segment in decision.segments { try await publish(segment, file: staged.file(of: segment)) }
    }

    /// Step 5, *forget*: removes the bundle, and the windows of earlier decisions.
    package func forget(_ decision: SealDecision, earlierWindows: String?) async throws(S3Problem) {
        if let bundle = decision.bundle { try await client.delete(bundle.key) }
        if let earlierWindows { try await client.delete(earlierWindows) }
        if decision.generation.isMultiple(of: 64) { try await deleteOld(decision) }
    }

    /// Deletes old decisions. If a host was suspended for so long that the decision of its generation was deleted, the host could decide that
    /// generation a second time. Once the host opens the integration again, it finds the newer decisions and continues from the newest.
    private func deleteOld(_ newest: SealDecision) async throws(S3Problem) {
        guard let own = try await client.list(newest.key, limit: 1).entries.first else { return }
        for entry in try await client.list(FleetKey.seals(newest.integration)).entries
        where entry.modified < own.modified - Self.kept && entry.path != newest.key {
            try await client.delete(entry.path)
        }
    }

    // MARK: Objects

    private func put(_ key: String, _ file: StagedFile) async throws(S3Problem) {
        // The key contains the commit id, so an existing object under this key can only have the same content.
        try await putOnce(key, file.path, bytes: file.bytes, sha256: file.sha256, headers: headers(nil))
    }

    /// Stores a file under a key that is unique to its content. If the object already exists, an earlier attempt or another host has stored the same
    /// content.
    private func putOnce(
        _ key: String, _ path: String, bytes: Int64, sha256: String, headers: HTTPHeaders
    ) async throws(S3Problem) {
        for _ in 0..<2 {
            let written = try await client.write(key, file: try upload(path), sha256: sha256, headers: headers)
            if case .stored = written { return }
            if try await client.size(key) == bytes { return }
            // Some stores keep a partial object when a request is cut off.
            logger.warning("\(client.address.shown)/\(key) is incomplete; Tributary stores it again")
            try await client.delete(key)
        }
        throw damaged(key, "the object is incomplete and can't be replaced")
    }

    private func publish(_ segment: SealedSegment, file: String) async throws(S3Problem) {
        var headers = headers(Compression(fileName: segment.path)?.mediaType)
        headers.append("x-amz-meta-sha256", segment.sha256)
        // The name contains 64 random bits, so it is unique.
        try await putOnce(segment.path, file, bytes: segment.bytes, sha256: segment.sha256, headers: headers)
    }

    /// Publishes segments from the bundle. Copies each segment into a temporary file first, so that memory use does not depend on the segment's size.
    private func publish(
        _ decision: SealDecision, from bundle: SealDecision.Object, in directory: String
    ) async throws(S3Problem) {
        var offset: Int64 = 0
        for segment in decision.segments {
            let range = offset..<offset + segment.bytes
            offset = range.upperBound
            if try await client.size(segment.path) == segment.bytes { continue }
            let path = "\(directory)/publish-\(segment.fileName)"
            defer { try? files.unlink(path) }
            guard try await copy(bundle.key, range, to: path) else {
                // Another host has published all segments and removed the bundle.
                return
            }
            try await publish(segment, file: path)
        }
    }

    /// Copies a part of an object into a file. Returns false if the object does not exist any more.
    ///
    /// - Parameter piece: bytes per request.
    func copy(
        _ key: String, _ range: Range<Int64>, to path: String, piece: Int64 = 4 << 20
    ) async throws(S3Problem) -> Bool {
        let file: OpenFile
        do throws(SpoolError) {
            file = try files.open(path, .replace)
        } catch {
            throw local(error)
        }
        defer { files.close(file) }
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(range.upperBound, start + piece)
            guard let read = try await client.read(key, range: start..<end, limit: Int(piece) + 1) else { return false }
            guard read.bytes.count == Int(end - start) else {
                throw damaged(key, "the object is shorter than its seal says")
            }
            let written = read.bytes.withUnsafeBytes { bytes in
                Result { () throws(SpoolError) in try files.write(file, at: start - range.lowerBound, bytes) }
            }
            if case .failure(let error) = written { throw local(error) }
            start = end
        }
        return true
    }

    private func upload(_ path: String) throws(S3Problem) -> HTTPUpload {
        var file: OpenFile?
        do throws(SpoolError) {
            let opened = try files.open(path, .read)
            file = opened
            return HTTPUpload(bytes: try files.size(opened)) { [files] room, offset in
                (try? files.read(opened, at: offset, into: room)) ?? 0
            } close: { [files] in
                files.close(opened)
            }
        } catch {
            if let file { files.close(file) }
            throw local(error)
        }
    }

    private func headers(_ type: String?) -> HTTPHeaders {
        var headers = HTTPHeaders()
        if let type { headers.append("Content-Type", type) }
        if let encryption { headers.append("x-amz-server-side-encryption", encryption) }
        return headers
    }

    private func damaged(
        _ key: String, _ reason: String,
        remedy: String =
            "Restore an earlier version or a copy of the object; a collection or delivery that needs it waits until then"
    ) -> S3Problem {
        S3Problem(
            trouble: DeliveryTrouble("\(client.address.shown)/\(key) can't be used: \(reason)", remedy: remedy))
    }

    private func local(_ error: SpoolError) -> S3Problem {
        S3Problem(
            trouble: DeliveryTrouble(
                "\(error)",
                remedy: "Check the disk's free space, and whether the service's user may read and write this file"))
    }
}

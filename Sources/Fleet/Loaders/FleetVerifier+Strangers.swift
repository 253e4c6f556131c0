import Delivery
import Spool

/// Finds objects that no seal names, and checks the windows of the newest seal.
extension FleetVerifier {
    /// - Parameters:
    ///   - named: hashes of the paths that seals name.
    ///   - last: the last generation whose seal was read.
    mutating func lookForStrangers(
        _ overview: Overview, _ named: Set<Int>, readThrough last: UInt64
    ) async throws(S3Problem) {
        var unnamed: [String] = []
        for top in ["integration=\(overview.name)/", "_rejected/integration=\(overview.name)/"] {
            var after: String?
            while true {
                let listing = try await list.log.client.list(top, after: after)
                for entry in listing.entries where !named.contains(entry.path.hashValue) {
                    let name = entry.path.split(separator: "/").last ?? ""
                    guard let sealedAt = SealedSegment.sealingTime(fileName: name) else {
                        if !name.hasPrefix("."), !name.hasPrefix("_") {
                            report(.foreign, entry.path, "the name is not that of a segment")
                        }
                        continue
                    }
                    // The object is older than the oldest kept seal. An earlier seal may have named the object, so the object is not reported.
                    if overview.oldest > 2, sealedAt < overview.oldestSealedAt { continue }
                    if unnamed.count < options.problemLimit {
                        unnamed.append(entry.path)
                    } else {
                        result.problemCount += 1
                    }
                }
                guard listing.isTruncated, let end = listing.entries.last else { break }
                after = end.path
            }
        }
        let since = unnamed.isEmpty ? [] : try await namedSince(overview.name, last)
        for path in unnamed where !since.contains(path) { report(.unlisted, path, "no seal names this object") }
        try await lookForLeftovers(overview)
    }

    /// The paths in seals that were decided during the verification.
    private func namedSince(_ name: String, _ last: UInt64) async throws(S3Problem) -> Set<String> {
        var paths: Set<String> = []
        for seal in try await sealsSince(name, last) { paths.formUnion(seal.segments.map(\.path)) }
        return paths
    }

    private func sealsSince(_ name: String, _ last: UInt64) async throws(S3Problem) -> [SealDecision] {
        var all: [SealDecision] = []
        var after: UInt64? = last
        while let generation = after {
            let (found, next) = try await seals(name, after: generation)
            all += found.compactMap(\.1)
            after = next
        }
        return all
    }

    private mutating func lookForLeftovers(_ overview: Overview) async throws(S3Problem) {
        guard let known = overview.newest else { return }
        let newest = try await sealsSince(overview.name, known.generation).last ?? known
        let client = list.log.client
        for prefix in [FleetKey.windows(overview.name), FleetKey.bundles(overview.name)] {
            for entry in try await client.list(prefix).entries {
                guard let generation = FleetKey.generation(entry.path), generation <= newest.generation,
                    entry.path != newest.windows.key, entry.path != newest.bundle?.key,
                    // An object that another process has deleted meanwhile is not reported.
                    try await client.exists(entry.path), try await isNewest(newest)
                else { continue }
                report(
                    .leftover, entry.path,
                    "the newest seal does not use this object: an earlier seal or a failed attempt to seal left it"
                )
            }
        }
        let windows = newest.windows
        let read = try await client.read(windows.key, limit: Int(SealLog.windowsBytes) + 1)
        // If there is a newer seal, the host that made it may have deleted the windows meanwhile.
        guard try await isNewest(newest) else { return }
        if let read {
            guard (try? FileDigest.sha256(of: read.bytes)) == windows.sha256 else {
                return report(.windows, windows.key, "the object does not have the SHA-256 that \(newest.key) names")
            }
        } else {
            report(.windows, windows.key, "the object is missing, and the integration can't be opened without it")
        }
    }

    private func isNewest(_ seal: SealDecision) async throws(S3Problem) -> Bool {
        try await list.first(seal.integration, after: seal.generation) == nil
    }

    /// Looks for segments of integrations that have no seal.
    mutating func lookForOtherIntegrations(_ known: Set<String>) async throws(S3Problem) {
        for top in ["integration=", "_rejected/integration="] {
            var after: String?
            while let entry = try await list.log.client.list(top, after: after, limit: 1).entries.first {
                let name = String(entry.path.dropFirst(top.utf8.count).prefix { $0 != "/" })
                if !known.contains(name) {
                    report(
                        .unlisted, entry.path,
                        "the integration \(name) has no seal, so no seal names this file or any other file of \(name)"
                    )
                }
                // "0" is the character after "/", so the listing continues after all paths of this integration.
                after = "\(top)\(name)0"
            }
        }
    }
}

import CommandHints
import Delivery
import FoundationEssentials
import Spool

/// The progress of a fleet's loader: the object `_tributary/acks/<loader>.json`.
///
///     {"acknowledged_at":"2026-11-23T20:15:30.123Z","format":1,"integrations":{"acme":{"generation":12,"segments":3}},"loader":"warehouse"}
///
/// The object is written only if nobody has changed it since it was read. So if two processes write at the same time, the second write is refused.
package struct LoaderAcknowledgement: Sendable, Equatable, Codable {
    package static let format = 1

    package var format = Self.format
    package var loader: String
    /// The time of the acknowledgement in the form of RFC 3339, in UTC.
    package var acknowledgedAt: String
    /// The position in each integration. If an integration is missing here, the loader begins with that integration's first seal.
    package var integrations: [String: SealPosition]
    /// The host whose delivery has written the acknowledgement. Absent if the delivery has ended regularly, or another program has acknowledged.
    package var host: String?
    /// The random id of the delivery that has written the acknowledgement: 32 hexadecimal digits. Absent if `host` is absent.
    package var run: String?

    enum CodingKeys: String, CodingKey {
        case format, loader, integrations, host, run
        case acknowledgedAt = "acknowledged_at"
    }

    package init(loader: String, acknowledgedAt: String, integrations: [String: SealPosition]) {
        self.loader = loader
        self.acknowledgedAt = acknowledgedAt
        self.integrations = integrations
    }

    /// Why these positions can't be acknowledged; nil if they can. Acknowledging the same position again is allowed.
    package func objection(to positions: [String: SealPosition]) -> String? {
        for (integration, position) in positions.sorted(by: { $0.key < $1.key }) {
            guard let earlier = integrations[integration], !position.covers(earlier) else { continue }
            return
                "loader \(loader) has acknowledged \(earlier.text(integration)) already, and acknowledgements do not go back. To load all "
                + "existing segments again, remove the loader's acknowledgements and let it start from the beginning"
        }
        return nil
    }
}

extension SealList {
    /// The largest acknowledgement in bytes: enough for 10,000 integrations with 100 bytes each, with room to spare.
    static let acknowledgementBytes = 4 << 20
    /// The maximum number of loaders in a fleet.
    static let loaderLimit = 256

    /// A loader's acknowledgement, and the tag for a conditional change; nil if the loader is not registered.
    package func acknowledgement(
        of loader: String
    ) async throws(S3Problem) -> (found: LoaderAcknowledgement, etag: String)? {
        let key = FleetKey.acknowledgement(loader)
        guard let read = try await log.client.read(key, limit: Self.acknowledgementBytes) else { return nil }
        guard let found = try? JSONDecoder().decode(LoaderAcknowledgement.self, from: Data(read.bytes)),
            found.loader == loader, found.integrations.values.allSatisfy(\.isPlausible)
        else {
            throw Self.refused(
                "the acknowledgement \(key) is invalid: Tributary never writes such an object",
                "Remove it with `\(CommandHint.command("spool ack --bucket --loader \(loader) --remove"))`, and let the loader start again"
            )
        }
        guard found.format <= LoaderAcknowledgement.format else {
            throw Self.refused(
                "\(key) has format \(found.format), but this version supports formats up to \(LoaderAcknowledgement.format)",
                "Install the version that wrote it, or a newer one")
        }
        return (found, read.etag)
    }

    /// Writes an acknowledgement.
    ///
    /// - Parameter etag: the tag of the object to replace; nil if no object may exist yet.
    /// - Returns: the tag of the written object; nil if another process has written meanwhile.
    package func write(
        _ acknowledgement: LoaderAcknowledgement, replacing etag: String?
    ) async throws(S3Problem) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = (try? encoder.encode(acknowledgement)).map { Array($0) } ?? []
        let written = try await log.client.write(
            FleetKey.acknowledgement(acknowledgement.loader), bytes, if: etag.map { .isUnchanged($0) } ?? .isNew)
        return if case .stored(let etag) = written { etag } else { nil }
    }

    /// The acknowledgements of all loaders, in the order of their names.
    package func acknowledgements() async throws(S3Problem) -> [LoaderAcknowledgement] {
        let entries = try await log.client.list(FleetKey.allAcknowledgements, limit: Self.loaderLimit + 1).entries
        guard entries.count <= Self.loaderLimit else {
            throw Self.refused(
                "there are more than \(Self.loaderLimit) loaders in \(FleetKey.allAcknowledgements)",
                "Remove the loaders that are not needed any more")
        }
        var found: [LoaderAcknowledgement] = []
        for entry in entries {
            guard let loader = FleetKey.loader(entry.path) else { continue }
            if let (acknowledgement, _) = try await acknowledgement(of: loader) { found.append(acknowledgement) }
        }
        return found
    }

    /// Removes a loader, even if its object can't be read. Returns false if there is no such loader.
    package func remove(_ loader: String) async throws(S3Problem) -> Bool {
        let key = FleetKey.acknowledgement(loader)
        guard try await log.client.exists(key) else { return false }
        try await log.client.delete(key)
        return true
    }

    /// Records that a loader has durably stored everything up to these positions. Integrations that are not named keep their position.
    ///
    /// Throws a final problem for a position that is not sealed yet, or that is before the acknowledged one.
    package func acknowledge(
        _ loader: String, through positions: [String: SealPosition], at time: String
    ) async throws(S3Problem) {
        for (integration, position) in positions { try await check(position, of: integration) }
        for _ in 0..<5 {
            let known = try await acknowledgement(of: loader)
            var next =
                known?.found ?? LoaderAcknowledgement(loader: loader, acknowledgedAt: time, integrations: [:])
            if let objection = next.objection(to: positions) {
                throw Self.refused(objection, "Acknowledge a later position")
            }
            next.integrations.merge(positions) { $1 }
            next.acknowledgedAt = time
            // A running delivery notices this change, and starts again from the new acknowledgement.
            next.host = nil
            next.run = nil
            if try await write(next, replacing: known?.etag) != nil { return }
        }
        throw S3Problem(
            trouble: DeliveryTrouble(
                "other processes keep changing the acknowledgement of loader \(loader)",
                remedy: "Stop them, or try again"))
    }

    private func check(_ position: SealPosition, of integration: String) async throws(S3Problem) {
        if let seal = try await seal(integration, position.generation) {
            guard position.segments <= seal.segments.count else {
                let segments = "\(seal.segments.count, "segment", "segments")"
                throw Self.refused(
                    "the seal of \(integration) that begins generation \(position.generation) has \(segments), so "
                        + "\(position.text(integration)) can't have been loaded",
                    "Acknowledge a position that `\(CommandHint.command("spool list --bucket"))` has shown")
            }
            return
        }
        // Some valid positions have no seal: generation 1 never has one, the generation after the newest has none yet, and old seals are deleted.
        guard position.segments == 0,
            try await log.newest(integration).map({ position.generation <= $0.generation + 1 })
                ?? (position.generation <= 2)
        else {
            throw Self.refused(
                "\(place) has no seal of \(integration) that begins generation \(position.generation)",
                "Acknowledge a position that `\(CommandHint.command("spool list --bucket"))` has shown")
        }
    }

    static func refused(_ words: String, _ remedy: String) -> S3Problem {
        S3Problem(trouble: DeliveryTrouble(words, remedy: remedy), isFinal: true)
    }
}

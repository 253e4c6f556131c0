import FoundationEssentials
import Spool

/// A decided seal: the object `_tributary/seals/<integration>/<generation>.json` of the fleet's bucket. It is written once, only if it does not
/// exist, and never changed.
///
/// The decision has the same information as the header of a journal on one host: where collection continues, and which segments the previous
/// generation became.
package struct SealDecision: Sendable, Equatable, Codable {
    package static let format = 1

    /// A file that was staged with the seal.
    package struct Object: Sendable, Equatable, Codable {
        /// The object's key, without the configured prefix.
        package var key: String
        package var bytes: Int64
        /// The object's SHA-256, in lower-case hexadecimal digits.
        package var sha256: String
    }

    package var format: Int
    package var integration: String
    /// The generation that the seal begins.
    package var generation: UInt64
    /// The id of this seal: 32 hexadecimal digits, chosen at random.
    package var commit: String
    /// Where collection continues.
    package var cursor: String
    /// The time of sealing by the host's clock, in the form of RFC 3339, in UTC.
    package var sealedAt: String
    /// The name of the host that sealed.
    package var host: String
    /// The host's ``Holding/token`` when it sealed. It is for audits.
    package var token: Int64
    package var windows: Object
    /// The object in which the segments were staged; nil if there are no segments.
    package var bundle: Object?
    package var segments: [SealedSegment]

    enum CodingKeys: String, CodingKey {
        case format, integration, generation, commit, cursor, host, token, windows, bundle, segments
        case sealedAt = "sealed_at"
    }
}

extension SealDecision {
    /// - Parameters:
    ///   - host: this host's name in the fleet.
    ///   - token: this host's ``Holding/token`` for the integration.
    package init(_ staged: StagedSeal, host: String, token: Int64) {
        format = Self.format
        integration = staged.integration
        generation = staged.generation
        commit = staged.commit
        cursor = staged.cursor
        sealedAt = staged.sealedAt
        self.host = host
        self.token = token
        windows = Object(staged.windows, FleetKey.windows(staged.integration, staged.generation, staged.commit))
        bundle = staged.bundle.map {
            Object($0, FleetKey.bundle(staged.integration, staged.generation, staged.commit))
        }
        segments = staged.segments
    }

    /// The key of this decision's object.
    package var key: String { FleetKey.seal(integration, generation) }

    /// The encoded decision. It is always encoded to the same bytes, so that a repeated write is identical.
    package var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { Array($0) } ?? []
    }

    /// Nil if the bytes are not a decision.
    package init?(_ bytes: [UInt8]) {
        guard let decision = try? JSONDecoder().decode(SealDecision.self, from: Data(bytes)) else { return nil }
        self = decision
    }
}

extension SealDecision.Object {
    fileprivate init(_ file: StagedFile, _ key: String) {
        self.init(key: key, bytes: file.bytes, sha256: file.sha256)
    }
}

/// The keys of the objects in a fleet's bucket, without the configured prefix. Segments have the same paths as in a spool of one host.
package enum FleetKey {
    /// The object that identifies the spool.
    package static let spool = "_tributary/spool.json"
    /// The lease of a fleet without etcd.
    package static let lease = "_tributary/lease.json"

    /// The common prefix of the seals of all integrations.
    static let allSeals = "_tributary/seals/"
    static let allWindows = "_tributary/windows/"
    static let allAcknowledgements = "_tributary/acks/"

    package static func seals(_ integration: String) -> String { "\(allSeals)\(integration)/" }
    package static func windows(_ integration: String) -> String { "\(allWindows)\(integration)/" }
    package static func bundles(_ integration: String) -> String { "_tributary/bundles/\(integration)/" }

    package static func seal(_ integration: String, _ generation: UInt64) -> String {
        seals(integration) + digits(generation) + ".json"
    }

    static func windows(_ integration: String, _ generation: UInt64, _ commit: String) -> String {
        windows(integration) + "\(digits(generation))-\(commit)"
    }

    static func bundle(_ integration: String, _ generation: UInt64, _ commit: String) -> String {
        bundles(integration) + "\(digits(generation))-\(commit)"
    }

    /// The key of a loader's acknowledgement.
    package static func acknowledgement(_ loader: String) -> String { "\(allAcknowledgements)\(loader).json" }

    /// The loader's name in the key of an acknowledgement; nil for other keys.
    static func loader(_ key: String) -> String? {
        guard key.hasPrefix(allAcknowledgements), key.hasSuffix(".json") else { return nil }
        let name = String(key.dropFirst(allAcknowledgements.utf8.count).dropLast(5))
        return (try? Acknowledgement.checkName(name)).map { name }
    }

    /// The generation in a key; nil for keys of another form.
    package static func generation(_ key: String) -> UInt64? {
        guard let name = key.split(separator: "/").last else { return nil }
        return UInt64(name.prefix { $0 != "-" && $0 != "." })
    }

    /// Twelve digits, so that keys sort by generation.
    private static func digits(_ generation: UInt64) -> String {
        let text = String(generation)
        return String(repeating: "0", count: max(0, 12 - text.utf8.count)) + text
    }
}

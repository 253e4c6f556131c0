import Configuration
import CurlHTTPClient

/// Where segments are delivered. It holds no state that must survive: what it has is known by the acknowledgement alone, so the same
/// segment may come again, after a crash or a lost answer.
package protocol Destination: Sendable {
    /// What a repeat leads to.
    var guarantee: DeliveryGuarantee { get }
    /// Where it is, for a person: `s3://example-lake/okta`.
    var place: String { get }

    /// Requests that were sent, or commands that were run, so far.
    var requests: Int { get }

    /// Tries once to deliver a segment, and returns when its bytes are durable there or are known not to be.
    func deliver(_ segment: DeliverySegment) async -> DeliveryOutcome

    /// Tries out, step by step, whether segments could be delivered, and leaves nothing there if that is allowed. Ends with the first
    /// step that fails.
    func check() async -> [DestinationStep]
}

/// One step of trying a destination out.
package struct DestinationStep: Sendable, Equatable {
    /// Such as "access key".
    package var name: String
    /// What was found.
    package var found: String
    /// What to do when it failed; `nil` when it is good.
    package var remedy: String?

    package init(_ name: String, _ found: String, remedy: String? = nil) {
        self.name = name
        self.found = found
        self.remedy = remedy
    }

    init(_ name: String, _ trouble: DeliveryTrouble) { self.init(name, trouble.message, remedy: trouble.remedy) }
}

/// A sealed segment that is to be delivered: the facts of its line in the manifest.
package struct DeliverySegment: Sendable, Equatable {
    /// Position in the manifest, from 1; from another source its number there.
    package var sequence: Int64
    /// Its position in a fleet, such as `acme/12/3`; nil for a segment of a manifest.
    package var position: String?
    /// Below the spool's directory.
    package var path: String
    /// The spool's directory, absolute.
    package var spool: String
    package var integration: String
    /// The OCSF class by its name in the schema; empty for a segment without one.
    package var className: String
    /// The UTC day of its events, `2026-11-23`; empty for a segment without one.
    package var date: String
    package var records: Int
    /// Bytes of the file.
    package var bytes: Int64
    /// Of the file, in lower-case hexadecimal digits.
    package var sha256: String
    /// RFC 3339, UTC.
    package var sealedAt: String
    /// What the records follow, such as `ocsf/1.8.0`.
    package var schema: String

    package init(
        sequence: Int64, path: String, spool: String, integration: String = "", className: String = "",
        date: String = "", records: Int = 0, bytes: Int64, sha256: String, sealedAt: String = "", schema: String = "",
        position: String? = nil
    ) {
        self.position = position
        self.sequence = sequence
        self.path = path
        self.spool = spool
        self.integration = integration
        self.className = className
        self.date = date
        self.records = records
        self.bytes = bytes
        self.sha256 = sha256
        self.sealedAt = sealedAt
        self.schema = schema
    }

    /// The file, absolute.
    package var file: String { "\(spool)/\(path)" }
}

/// What one try came to.
package enum DeliveryOutcome: Sendable, Equatable {
    /// The segment is durable at the destination. `wasThere`: an earlier try had done it.
    case delivered(wasThere: Bool)
    /// Not now: it is tried again, at the earliest after `retryAfter`.
    case notYet(DeliveryTrouble, retryAfter: Duration?)
    /// The destination won't take this very segment. It is named, and no other follows.
    case refused(DeliveryTrouble)
    /// The task was cancelled.
    case cancelled
}

/// What keeps a segment from being delivered, and what to do about it.
package struct DeliveryTrouble: Error, Sendable, Equatable, Codable {
    /// One sentence without its full stop.
    package var message: String
    /// What an operator can do.
    package var remedy: String

    package init(_ message: String, remedy: String) {
        self.message = message.oneLine(limit: 400)
        self.remedy = remedy.oneLine(limit: 400)
    }
}

extension DeliveryTrouble {
    /// What the transport says.
    init(_ error: TransportError, addressName: String) {
        let remedy =
            switch error.kind {
            case .proxy, .tls: error.remedy ?? "Check \(addressName) and the proxy settings"
            case .resolve: "Check \(addressName) and this machine's DNS"
            case .connect: "Check \(addressName), the network, the firewall and the proxy settings"
            case .timeout, .interrupted: "It is tried again; if it persists, check the network and the destination"
            case .invalidRequest: "Check \(addressName), and the segment by `tributary spool verify`"
            default: "If it persists, check what answers at \(addressName)"
            }
        self.init(error.summary, remedy: remedy)
    }
}

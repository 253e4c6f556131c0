import CommandHints
import Configuration
import CurlHTTPClient

/// Receives segments. A destination has no durable state of its own: only the acknowledgement records what was delivered. So after a crash or a lost
/// answer, the same segment may be delivered again.
package protocol Destination: Sendable {
    /// The effect of delivering a segment again.
    var guarantee: DeliveryGuarantee { get }
    /// Where the segments go, as text for a person, such as `s3://example-lake/okta`.
    var place: String { get }

    /// The number of requests that were sent, or commands that were run, so far.
    var requests: Int { get }

    /// Tries once to deliver a segment. Returns when the segment is durable at the destination, or when the attempt has failed.
    func deliver(_ segment: DeliverySegment) async -> DeliveryOutcome

    /// Tests step by step whether segments could be delivered. Stops at a failed step if the later steps depend on it. Removes the test data if the
    /// destination allows that.
    func check() async -> [DestinationStep]
}

/// One step of a destination's test.
package struct DestinationStep: Sendable, Equatable {
    /// The step's name, such as "access key".
    package var name: String
    /// The result of the step.
    package var found: String
    /// What to do about a problem that the step has found; `nil` if it has found none.
    package var remedy: String?

    package init(_ name: String, _ found: String, remedy: String? = nil) {
        self.name = name
        self.found = found
        self.remedy = remedy
    }

    init(_ name: String, _ trouble: DeliveryTrouble) { self.init(name, trouble.message, remedy: trouble.remedy) }
}

/// A sealed segment to deliver, with the facts from its manifest line.
package struct DeliverySegment: Sendable, Equatable {
    /// The segment's position in the manifest, counted from 1, or its number in another source.
    package var sequence: Int64
    /// The segment's position in a fleet, such as `acme/12/3`; nil for a segment of a manifest.
    package var position: String?
    /// The path of the segment's file below the directory ``spool``.
    package var path: String
    /// The absolute path of the spool's directory. In a fleet, a temporary directory with the segments that are being delivered.
    package var spool: String
    package var integration: String
    /// The OCSF class of the segment's records, by its name in the schema; empty for a segment without a class.
    package var className: String
    /// The UTC day of the segment's events, such as `2026-11-23`; empty for a segment without a day.
    package var date: String
    package var records: Int
    /// The size of the segment's file in bytes.
    package var bytes: Int64
    /// The SHA-256 of the segment's file, in lower-case hexadecimal digits.
    package var sha256: String
    /// The time of sealing in the form of RFC 3339, in UTC.
    package var sealedAt: String
    /// The schema of the records, such as `ocsf/1.8.0`.
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

    /// The absolute path of the segment's file.
    package var file: String { "\(spool)/\(path)" }
}

/// The outcome of one attempt to deliver a segment.
package enum DeliveryOutcome: Sendable, Equatable {
    /// The segment is durable at the destination. `wasThere` is true if an earlier attempt had stored it, or may have stored a part of it.
    case delivered(wasThere: Bool)
    /// The attempt failed. The delivery tries again. `retryAfter` is the wait that the destination asks for; nil if it asks for none.
    case notYet(DeliveryTrouble, retryAfter: Duration?)
    /// This particular segment can't be delivered: it is damaged, or the destination refuses it. The delivery reports this, takes no further
    /// segments, and tries this one again after ``RetrySchedule/refused``.
    case refused(DeliveryTrouble)
    /// The task was cancelled.
    case cancelled
}

/// A problem of a delivery, and what to do about it.
package struct DeliveryTrouble: Error, Sendable, Equatable, Codable {
    /// What happened: one sentence without the final period.
    package var message: String
    /// What an operator can do about the problem.
    package var remedy: String

    package init(_ message: String, remedy: String) {
        self.message = message.oneLine(limit: 400)
        self.remedy = remedy.oneLine(limit: 400)
    }

    /// What to do about a segment whose file differs from the file that was sealed.
    static var damageRemedy: String {
        "Check the segment with `\(CommandHint.command("spool verify"))`, and restore its file"
    }
}

extension DeliveryTrouble {
    /// Describes an error of the transport.
    init(_ error: TransportError, addressName: String) {
        let remedy =
            switch error.kind {
            case .proxy, .tls: error.remedy ?? "Check \(addressName) and the proxy settings"
            case .resolve: "Check \(addressName) and this machine's DNS"
            case .connect: "Check \(addressName), the network, the firewall and the proxy settings"
            case .timeout, .interrupted:
                "Tributary retries; if the problem persists, check the network and the destination"
            case .invalidRequest:
                "Check \(addressName), and check the segment with `\(CommandHint.command("spool verify"))`"
            default: "If the problem persists, check whether \(addressName) leads to the right server"
            }
        self.init(error.summary, remedy: remedy)
    }
}

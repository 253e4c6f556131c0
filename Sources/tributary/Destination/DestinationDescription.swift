import Configuration
import Delivery
import FoundationEssentials

/// A destination for a person or a program: where it is, what runs it, and what its access key needs.
struct DestinationDescription: Encodable {
    let name: String
    let description: String?
    let type: String
    let place: String
    /// What a segment that comes again leads to.
    let guarantee: DeliveryGuarantee
    let unit: String
    /// Where the secret is looked for; nil where there is none.
    let secretFile: String?
    /// The file that declares it; nil where that is not asked for.
    let file: String?
    /// Of AWS IAM, as a document.
    let policy: String?

    init(_ destination: Configuration.Destination, file: String? = nil) {
        name = destination.name.text
        description = destination.description
        type = destination.type.rawValue
        place = destination.place
        guarantee = destination.guarantee
        unit = destination.unit
        let hasSecret = destination.type == .http || (destination.type == .s3 && destination.credentials == .static)
        secretFile = hasSecret ? destination.secretFile : nil
        policy = BucketPolicy(destination)?.text
        self.file = file
    }

    func json() throws -> String { try Self.json(self) }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// What to do next.
    func tell() {
        Terminal.result("\nStart it:\n  systemctl enable --now \(unit)")
        if let secretFile { Terminal.result("\nIts secret is read from \(secretFile)") }
        guard let policy else { return }
        let lines = policy.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        Terminal.result("\nThe policy that its access key or role needs:\n\(lines)")
    }
}

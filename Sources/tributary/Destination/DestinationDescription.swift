import Configuration
import Delivery
import FoundationEssentials

/// Describes a destination for a person or a program: where it is, the unit that delivers to it, and the policy that its access key needs.
struct DestinationDescription: Encodable {
    let name: String
    let description: String?
    let type: String
    let place: String
    /// What happens if a segment is delivered again.
    let guarantee: DeliveryGuarantee
    let unit: String
    /// The path of the secret; nil if the destination needs none.
    let secretFile: String?
    /// The file that declares the destination; nil if the file was not looked up.
    let file: String?
    /// The AWS IAM policy that the access key needs; nil if the destination is not in Amazon S3.
    let policy: String?

    init(_ destination: Configuration.Destination, file: String? = nil) {
        name = destination.name.text
        description = destination.description
        type = destination.type.rawValue
        place = destination.place
        guarantee = destination.guarantee
        unit = destination.unit
        secretFile = destination.hasSecret ? destination.secretFile : nil
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

    /// Prints how to start the delivery, where its secret is, and the policy that its access key needs.
    func tell() {
        Terminal.result("\nStart the delivery:\n  systemctl enable --now \(unit)")
        if let secretFile { Terminal.result("\nThe delivery reads its secret from \(secretFile)") }
        guard let policy else { return }
        let lines = policy.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        Terminal.result("\nThe policy that the access key or role needs:\n\(lines)")
    }
}

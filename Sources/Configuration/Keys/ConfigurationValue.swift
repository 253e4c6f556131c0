import OktaAPI

/// A type that a configuration key can have. It defines how values look in `check` and in `check --json`.
package protocol ConfigurationValue: Sendable, Hashable {
    /// The value as text for people; nil if there is nothing to show.
    var text: String? { get }
    /// The value for programs. If it is nil, `check --json` omits the key.
    var json: (any Encodable & Sendable)? { get }
    /// The unit that `check --json` appends to a key's name.
    static var unit: String { get }
}

extension ConfigurationValue {
    package static var unit: String { "" }
    package var json: (any Encodable & Sendable)? { text }
}

extension ConfigurationValue where Self: CustomStringConvertible {
    package var text: String? { description }
}

extension ConfigurationValue where Self: RawRepresentable<String> {
    package var text: String? { rawValue }
}

extension Bool: ConfigurationValue {
    package var json: (any Encodable & Sendable)? { self }
}

extension Int: ConfigurationValue {
    package var json: (any Encodable & Sendable)? { self }
}

extension ByteSize: ConfigurationValue {
    package var json: (any Encodable & Sendable)? { bytes }
}

extension ConfigurationDuration: ConfigurationValue {
    package static let unit = "_seconds"
    package var json: (any Encodable & Sendable)? { seconds }
}

extension RateShare: ConfigurationValue {
    package var json: (any Encodable & Sendable)? { value }
}

extension OrgURL: ConfigurationValue {
    package var text: String? { origin }
}

extension String: ConfigurationValue {}
extension CalendarDate: ConfigurationValue {}
extension Configuration.Compression: ConfigurationValue {}
extension Configuration.Retention: ConfigurationValue {}
extension Configuration.SchemaVersion: ConfigurationValue {}
extension CredentialPermissions: ConfigurationValue {}
extension CredentialType: ConfigurationValue {}
extension DestinationCredentials: ConfigurationValue {}
extension DestinationFormat: ConfigurationValue {}
extension DestinationLayout: ConfigurationValue {}
extension DestinationProtocol: ConfigurationValue {}
extension DestinationType: ConfigurationValue {}
extension DomainName: ConfigurationValue {}
extension EndpointURL: ConfigurationValue {}
extension IPRange: ConfigurationValue {}
extension LeaseType: ConfigurationValue {}
extension ListenAddress: ConfigurationValue {}
extension Name: ConfigurationValue {}
extension ProxyException: ConfigurationValue {}
extension ProxyURL: ConfigurationValue {}
extension ServerSideEncryption: ConfigurationValue {}
extension StartTime: ConfigurationValue {}

extension Optional: ConfigurationValue where Wrapped: ConfigurationValue {
    package static var unit: String { Wrapped.unit }
    package var text: String? { flatMap(\.text) }
    package var json: (any Encodable & Sendable)? { flatMap(\.json) }
}

extension Array: ConfigurationValue where Element: ConfigurationValue {
    package static var unit: String { Element.unit }
    package var text: String? { isEmpty ? nil : compactMap(\.text).joined(separator: ", ") }
    package var json: (any Encodable & Sendable)? { map { Item(json: $0.json) } }

    private struct Item: Encodable, Sendable {
        let json: (any Encodable & Sendable)?

        func encode(to encoder: any Encoder) throws {
            try json?.encode(to: encoder)
        }
    }
}

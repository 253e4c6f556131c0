import ArgumentParser
import OCSF

extension SchemaVersion: ExpressibleByArgument {
    /// The versions as text for people, newest first.
    static let words = allCases.reversed().map(\.rawValue).joined(separator: ", ")
}

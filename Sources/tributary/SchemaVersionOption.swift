import ArgumentParser
import OCSF

extension SchemaVersion: ExpressibleByArgument {
    /// For people, the newest first.
    static let words = allCases.reversed().map(\.rawValue).joined(separator: ", ")
}

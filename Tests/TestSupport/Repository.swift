import Foundation

/// The checkout from which the tests are built.
package enum Repository {
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A file of the checkout, by its path from the root.
    package static func file(_ path: String) -> URL { root.appending(path: path) }
}

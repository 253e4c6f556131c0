import Foundation

/// The checkout that the tests are built from.
package enum Repository {
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A file of the checkout, by its path from the top.
    package static func file(_ path: String) -> URL { root.appending(path: path) }
}

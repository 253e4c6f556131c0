import Foundation

/// The directory of the repository from which the tests were built.
package enum Repository {
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The URL of a file in the repository.
    package static func file(_ path: String) -> URL { root.appending(path: path) }
}

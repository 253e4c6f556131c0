import Glibc

/// An error about the files of credentials: what is wrong, where, and what to do. Never contains any part of a secret.
package struct CredentialFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// A failed system call, with errno.
    init(_ what: String, _ path: String) {
        self.init("\(what) \(path): \(String(cString: strerror(errno)))")
    }
}

import Glibc

/// An error about the files of credentials: what is wrong and where, and what to do if that is known. Never contains any part of a secret.
package struct CredentialFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// Describes a failed system call. The description ends with the system's text for `errno`.
    init(_ what: String, _ path: String) {
        self.init("\(what) \(path): \(String(cString: strerror(errno)))")
    }
}

import Glibc

/// What is wrong with the files of credentials: what, where, and what to do. Never holds a part of a secret.
package struct CredentialFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// A system call that failed, with errno.
    init(_ what: String, _ path: String) {
        self.init("\(what) \(path): \(String(cString: strerror(errno)))")
    }
}

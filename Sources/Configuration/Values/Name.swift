/// The name of an integration, a credential, a destination or a fleet: 1 to 63 of `a`–`z`, `0`–`9` and `-`, not beginning with `-`.
///
/// Names become directory names in the spool (`integration=NAME`), file names of secrets, and names of systemd
/// credentials, so they contain nothing that a path, a shell or a partition treats specially.
package struct Name: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String

    /// Reads a name.
    package init(parsing text: String) throws(ValueError) {
        let hint = "use 1 to 63 of the letters a-z, digits and -, beginning with a letter or digit"
        guard !text.isEmpty else { throw ValueError("the name is empty", hint: hint) }
        guard text.utf8.count <= 63 else { throw ValueError("the name is longer than 63 characters", hint: hint) }
        guard text.utf8.first != UInt8(ascii: "-"),
            text.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            })
        else { throw ValueError("\(LiteralSecret.quoted(text)) is not a valid name", hint: hint) }
        self.text = text
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// Why a value was refused: what is wrong with it, and what to write instead. The caller adds the position in the file.
package struct ValueError: Error, Sendable, Equatable, CustomStringConvertible {
    package var message: String
    package var hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message + (hint.map { "; \($0)" } ?? "") }
}

import Digests

/// The id of a spool that several hosts share.
package struct SharedSpoolID: Sendable, Equatable {
    /// 16 bytes.
    package let bytes: [UInt8]

    /// Nil if the text is not 32 hexadecimal digits.
    package init?(_ text: String) {
        guard let bytes = Hexadecimal.bytes(text), bytes.count == 16 else { return nil }
        self.bytes = bytes
    }
}

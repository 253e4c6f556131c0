/// `SPOOL/_staging/<integration>/sealing-<generation>`: an empty file that is there from before a generation's segments are staged until the manifest
/// has their lines.
///
/// A segment can be visible, not listed yet, and the journal that decided it lost: the mark tells a `StateRestoration` to look for it.
enum SealMark {
    private static let prefix = "sealing-"

    static func fileName(_ generation: UInt64) -> String { "\(prefix)\(generation)" }

    /// Nil for a name that isn't a mark's.
    static func generation(fileName: String) -> UInt64? {
        fileName.hasPrefix(prefix) ? UInt64(fileName.dropFirst(prefix.count)) : nil
    }
}

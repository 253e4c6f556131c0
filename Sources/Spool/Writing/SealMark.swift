/// `SPOOL/_staging/<integration>/sealing-<generation>`: an empty file. It is created before a generation's segments are staged, and removed once
/// the manifest lists them.
///
/// A segment can have its final name but no line in the manifest, if the journal that decided the seal is lost. The mark tells `StateRestoration` to
/// look for such segments.
enum SealMark {
    private static let prefix = "sealing-"

    static func fileName(_ generation: UInt64) -> String { "\(prefix)\(generation)" }

    /// The generation in the file name of a mark; nil for any other file name.
    static func generation(fileName: String) -> UInt64? {
        fileName.hasPrefix(prefix) ? UInt64(fileName.dropFirst(prefix.count)) : nil
    }
}

import CommandHints

/// A loader's statement that it has durably stored all segments up to a position in the manifest.
///
/// There is one file per loader, `SPOOL/_acks/<loader>.json`:
///
///     {"acknowledged_at":"2026-11-23T20:15:30.123Z","format":1,"loader":"warehouse","path":"integration=acme/…","sequence":1200}
///
/// `path` is the path in the manifest's line at position `sequence`. An acknowledgement is valid only while that line has this path. `path` is empty
/// for position 0, with which a loader registers before it has loaded anything.
package struct Acknowledgement: Sendable, Equatable, Codable {
    static let currentFormat = 1

    package var format = Self.currentFormat
    package var loader: String
    /// A position of the manifest; at least 0.
    package var sequence: Int64
    package var path: String
    /// RFC 3339, UTC.
    package var acknowledgedAt: String

    enum CodingKeys: String, CodingKey {
        case format, loader, sequence, path
        case acknowledgedAt = "acknowledged_at"
    }

    /// Checks a loader's name, which becomes a file name: 1 to 64 lower-case letters, digits, `-` and `_`, starting with a letter or a digit.
    ///
    /// - Throws: `refused` for any other name.
    package static func checkName(_ name: String) throws(SpoolError) {
        func isPlain(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...122).contains(byte) }
        let bytes = name.utf8
        guard (1...64).contains(bytes.count), let first = bytes.first, isPlain(first),
            bytes.allSatisfy({ isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
        else {
            throw .refused(
                "a loader's name has 1 to 64 lower-case letters, digits, - and _, and begins with a letter or a digit")
        }
    }

    /// Why `next` can't be acknowledged, given the earlier acknowledgement and the manifest's positions; nil if it can. The same position can be
    /// acknowledged again, because a loader that died may have to repeat its acknowledgement.
    static func objection(to next: Int64, after earlier: Int64?, in bounds: ClosedRange<Int64>?, loader: String)
        -> String?
    {
        let last = bounds?.upperBound ?? 0
        if next < 0 {
            return "there is no position \(next): positions begin with 1; 0 registers a loader that has loaded nothing"
        }
        if let earlier, next < earlier {
            return
                "loader \(loader) has acknowledged position \(earlier) already, and acknowledgements do not go back: "
                + "segments up to that position may have been deleted. To load again what still exists, remove the loader and start from 0"
        }
        if next > last {
            let end = last == 0 ? "the manifest lists no segment" : "the manifest ends at position \(last)"
            return
                "\(end), so position \(next) can't have been loaded: "
                + "acknowledge a position that `\(CommandHint.command("spool list"))` has shown"
        }
        return nil
    }
}

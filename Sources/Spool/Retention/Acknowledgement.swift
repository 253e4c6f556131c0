/// How far a loader has come: everything up to a position of the manifest is in its own store, durably.
///
/// One file a loader, `SPOOL/_acks/<loader>.json`:
///
///     {"acknowledged_at":"2026-11-23T20:15:30.123Z","format":1,"loader":"warehouse","path":"integration=acme/…","sequence":1200}
///
/// `path` is that of the manifest's line at `sequence`: an acknowledgement is believed only while the manifest agrees. It is empty for
/// position 0, by which a loader says that it is there and has nothing yet.
package struct Acknowledgement: Sendable, Equatable, Codable {
    static let currentFormat = 1

    package var format = Self.currentFormat
    package var loader: String
    /// Of the manifest; at least 0.
    package var sequence: Int64
    package var path: String
    /// RFC 3339, UTC.
    package var acknowledgedAt: String

    enum CodingKeys: String, CodingKey {
        case format, loader, sequence, path
        case acknowledgedAt = "acknowledged_at"
    }

    /// Names that become files: 1 to 64 lower-case letters, digits, `-` and `_`, the first a letter or a digit.
    ///
    /// Throws `refused` for any other.
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

    /// What is wrong with going on to `next`, given what was acknowledged before and the manifest's positions; nil if nothing is. To say the
    /// same again is right: a loader that died may have to.
    static func objection(to next: Int64, after earlier: Int64?, in bounds: ClosedRange<Int64>?, loader: String)
        -> String?
    {
        let last = bounds?.upperBound ?? 0
        if next < 0 { return "positions begin with 1; 0 registers a loader that has nothing yet" }
        if let earlier, next < earlier {
            return
                "loader \(loader) has acknowledged position \(earlier) already, and acknowledgements do not go back: "
                + "what is behind them may be deleted. To load again what is still there, remove the loader and begin with 0"
        }
        if next > last {
            return
                "the manifest ends at position \(last), so \(next) can't have been loaded: acknowledge what `tributary spool list` gave"
        }
        return nil
    }
}

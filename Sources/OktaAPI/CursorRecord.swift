/// The place in an org's log, as text that a spool keeps without looking inside.
///
///     tributary-cursor/1 <16 hex digits> <next link>
///
/// The link is Okta's `next`, byte for byte. It holds the filter and the page size of the query that it came from, so a
/// changed configuration would have no effect on it; the hex digits, a hash of origin, filter and page size, tell.
package struct CursorRecord: Sendable, Hashable {
    /// The address of the next page, as Okta gave it.
    package let nextLink: String
    /// ``LogQuery/fingerprint`` of the query that the link came from.
    package let fingerprint: String

    /// Makes a record.
    package init(nextLink: String, fingerprint: String) {
        self.nextLink = nextLink
        self.fingerprint = fingerprint
    }

    /// The text to keep: ASCII, one line.
    package var text: String { "\(Self.mark)\(Self.version) \(fingerprint) \(nextLink)" }

    /// Reads what ``text`` gave.
    ///
    /// - Throws: ``CursorError``.
    package init(parsing text: String) throws(CursorError) {
        guard text.hasPrefix(Self.mark) else { throw .unreadable }
        let parts = text.dropFirst(Self.mark.count).split(separator: " ", omittingEmptySubsequences: false)
        guard let first = parts.first, let version = Int(first) else { throw .unreadable }
        guard version <= Self.version else { throw .newerVersion(version) }
        guard version == 1, parts.count == 3, parts[1].utf8.count == 16, HTTPURL(String(parts[2])) != nil else {
            throw .unreadable
        }
        fingerprint = String(parts[1])
        nextLink = String(parts[2])
    }

    private static let mark = "tributary-cursor/"
    private static let version = 1
}

/// Why a kept cursor can't be used.
package enum CursorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not a cursor's text.
    case unreadable
    /// Written by a later version of this program.
    case newerVersion(Int)
    /// The link is not one of the org's log.
    case foreign(String)

    /// What is wrong and what to do.
    package var description: String {
        switch self {
        case .unreadable: "the kept cursor can't be read: restore the spool's checkpoint, or start again from a time"
        case .newerVersion(let version):
            "the kept cursor has version \(version): run the version of Tributary that wrote it"
        case .foreign(let reason):
            "the kept cursor is not one of this org's log (\(reason)): was the org's URL changed?"
        }
    }
}

import FoundationEssentials

/// The place in an org's log, as text that a spool keeps without looking inside.
///
///     tributary-cursor/2 {"backfill":{…},"fingerprint":"<16 hex digits>","organization":"00o…","tail":{…}}
///
/// `tail` is the way that the newest events take. While events of long ago are fetched beside it, `backfill` holds the way through
/// those. The links are Okta's `next`, byte for byte; a link holds the filter and the page size of the query that it came from, so
/// a changed configuration would have no effect on it: `fingerprint`, a hash of origin, filter and page size, tells.
///
/// Version 1 was `tributary-cursor/1 <16 hex digits> <next link>`, and is still read.
package struct LogPlace: Sendable, Hashable, Codable {
    /// How far one way through the log has come. There is `next` or `since` or both.
    package struct Way: Sendable, Hashable, Codable {
        /// The address of the next page, as Okta gave it; nil before the first answer.
        package var next: String?
        /// Where the way began, in milliseconds since 1970; no query of it ever begins before. Unknown in version 1.
        package var since: Int64?
        /// What is not collected yet was stored by Okta at this time or later, in milliseconds since 1970; nil before the first event.
        package var watermark: Int64?

        package init(next: String? = nil, since: Int64? = nil, watermark: Int64? = nil) {
            self.next = next
            self.since = since
            self.watermark = watermark
        }

        /// Where a fresh query of this way begins so that nothing is lost: the watermark less `overlap` (both milliseconds), but not
        /// before its beginning. nil when neither is known.
        package func restart(overlap: Int64) -> Int64? {
            guard let watermark else { return since }
            // Never after the watermark: the beginning came from a clock that may have been wrong.
            return min(max(since ?? .min, watermark.subtractingReportingOverflow(overlap).partialValue), watermark)
        }
    }

    /// The way through what was there before ``LogPlace/tail`` began.
    package struct Backfill: Sendable, Hashable, Codable {
        package var history: Way
        /// The time of the first events that it brought, for the progress. Milliseconds since 1970, as `until`.
        package var from: Int64
        /// When the tail began, by the server's clock.
        package var until: Int64
        /// How many of the tail's first events are remembered, to be recognised when the history arrives there.
        package var boundary: Int
    }

    /// Okta's id of the organization, as far as it is known.
    package var organization: String?
    /// ``LogQuery/fingerprint`` of the query that the ways belong to.
    package var fingerprint: String
    package var tail: Way
    package var backfill: Backfill?
    /// The tail's watermark at the end of the last backfill, as long as what that remembered may still be needed.
    package var retiring: Int64?

    /// A first run's place.
    ///
    /// - Parameter since: milliseconds since 1970.
    package init(since: Int64, fingerprint: String) {
        tail = Way(since: since)
        self.fingerprint = fingerprint
    }

    /// A place at a link.
    init(next: String, fingerprint: String, watermark: Int64? = nil) {
        tail = Way(next: next, watermark: watermark)
        self.fingerprint = fingerprint
    }

    /// The text to keep: one line.
    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A struct of texts and integers always encodes; an empty object would be read as unreadable, and said so.
        let json = (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return "\(Self.mark)\(Self.version) \(json)"
    }

    /// Reads what ``text`` gave.
    ///
    /// - Throws: ``CursorError``.
    package init(parsing text: String) throws(CursorError) {
        guard text.hasPrefix(Self.mark) else { throw .unreadable }
        let parts = text.dropFirst(Self.mark.count).split(separator: " ", maxSplits: 1)
        guard let first = parts.first, let version = Int(first) else { throw .unreadable }
        guard version <= Self.version else { throw .newerVersion(version) }
        guard parts.count == 2 else { throw .unreadable }
        switch version {
        case 1:
            let fields = parts[1].split(separator: " ", omittingEmptySubsequences: false)
            guard fields.count == 2, fields[0].utf8.count == 16 else { throw .unreadable }
            self.init(next: String(fields[1]), fingerprint: String(fields[0]))
        case 2:
            guard let place = try? JSONDecoder().decode(LogPlace.self, from: Data(parts[1].utf8)) else {
                throw .unreadable
            }
            self = place
        default: throw .unreadable
        }
        for way in [tail, backfill?.history].compactMap(\.self) {
            guard way.next != nil || way.since != nil else { throw .unreadable }
            if let next = way.next, HTTPURL(next) == nil { throw .unreadable }
        }
    }

    /// Whether a kept link leads to another origin than `query` asks: then the org has to be asked first whether it is the same.
    package func isElsewhere(than query: LogQuery) -> Bool {
        [tail.next, backfill?.history.next].compactMap(\.self).contains { query.objection(to: $0) != nil }
    }

    private static let mark = "tributary-cursor/"
    private static let version = 2
}

/// Why a kept place can't be used.
package enum CursorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not a place's text.
    case unreadable
    /// Written by a later version of this program.
    case newerVersion(Int)
    /// The link is not one of the org's log.
    case foreign(String)
    /// The address leads to another organization than the events came from.
    case otherOrganization(kept: String, found: String)

    /// What is wrong and what to do.
    package var description: String {
        switch self {
        case .unreadable: "the kept cursor can't be read: restore the spool's checkpoint, or start again from a time"
        case .newerVersion(let version):
            "the kept cursor has version \(version): run the version of Tributary that wrote it"
        case .foreign(let reason):
            """
            the kept cursor is not one of this org's log (\(reason)), and that the new address is the same organization \
            could not be found out
            """
        case .otherOrganization(let kept, let found):
            """
            this address is the organization \(found), and what was collected so far came from \(kept): give another \
            organization an integration of its own, with another name
            """
        }
    }
}

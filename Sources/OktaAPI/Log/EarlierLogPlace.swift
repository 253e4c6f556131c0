import CurlHTTPClient
import FoundationEssentials

/// A place in the log, read from a stored cursor of version 1 or 2.
///
///     tributary-cursor/1 <16 hex digits> <next link>
///     tributary-cursor/2 {"backfill":{…},"fingerprint":"<16 hex digits>","organization":"00o…","tail":{…}}
package struct EarlierLogPlace: Sendable, Hashable, Codable {
    package struct Way: Sendable, Hashable, Codable {
        package var next: String?
        /// The beginning of the way: Okta stored every event of the way at this time or later.
        package var since: Int64?
        /// The median of `published` of the way's last events.
        package var watermark: Int64?

        /// The time from which the way is queried if its link can't be used: five minutes before the watermark, or the way's beginning if that is
        /// later, but never after the watermark. Without a watermark, it is the way's beginning. Nil in version 1, which stored no time.
        package var restart: StoredTime? {
            guard let watermark else { return since.map { StoredTime($0) } }
            return StoredTime(min(max(since ?? .min, PublishedTime(watermark).earliestStored.milliseconds), watermark))
        }
    }

    package struct Backfill: Sendable, Hashable, Codable {
        package var history: Way
        package var from: Int64
        package var until: Int64
        /// The number of the tail's first events that are remembered. Version 2 called these events the boundary.
        package var boundary: Int
        /// The maximum number of the tail's first events that are remembered.
        package static let fullBoundary = 2_000
    }

    package var organization: String?
    /// A hash of the origin, the filter and the page size.
    package var fingerprint: String
    package var tail: Way
    package var backfill: Backfill?

    /// Reads a cursor of version 1 or 2; nil for a cursor of the present version.
    ///
    /// - Throws: ``CursorError``.
    package init?(parsing text: String) throws(CursorError) {
        let (version, content) = try LogPlace.parts(text)
        switch version {
        case 1:
            let fields = content.split(separator: " ", omittingEmptySubsequences: false)
            guard fields.count == 2, fields[0].utf8.count == 16 else { throw .unreadable }
            fingerprint = String(fields[0])
            tail = Way(next: String(fields[1]))
        case 2:
            guard let place = try? JSONDecoder().decode(EarlierLogPlace.self, from: Data(content.utf8)) else {
                throw .unreadable
            }
            self = place
        default: return nil
        }
        for way in [tail, backfill?.history].compactMap(\.self) {
            guard way.next != nil || way.since != nil else { throw .unreadable }
            if let next = way.next, HTTPURL(next) == nil { throw .unreadable }
        }
    }

    /// This place as a ``LogPlace``, which has the present form. If the address, the filter or the page size has changed since the cursor was stored in
    /// the form of version 2, the place's ``LogPlace/source`` is empty. It then differs from the query's source, so the log is queried by time.
    package func upgraded(for query: LogQuery) -> LogPlace {
        func way(_ old: Way) -> LogPlace.Way {
            // Version 1 stored no time, only a link. A query by time therefore starts at the oldest events that Okta still has.
            LogPlace.Way(
                filter: query.filter, restart: old.restart ?? StoredTime(0), next: old.next,
                reached: old.watermark.map { PublishedTime($0) })
        }
        // Version 1 has no time to query from, so its link is followed even if the query has changed.
        let isSame = fingerprint == query.earlierFingerprint || tail.restart == nil
        let source = isSame ? query.source : ""
        guard let backfill else {
            return LogPlace(organization: organization, source: source, ways: .one(way(tail)))
        }
        return LogPlace(
            organization: organization, source: source,
            ways: .two(
                history: way(backfill.history), tail: way(tail),
                LogPlace.Backfill(
                    from: PublishedTime(backfill.from), until: StoredTime(backfill.until),
                    isHeadFull: backfill.boundary >= Backfill.fullBoundary)))
    }
}

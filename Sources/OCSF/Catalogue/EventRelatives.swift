/// Finds the event types in the catalogue that resemble an event type without a row.
///
/// The closeness of two types is the number of words that they share at the beginning and at the end: `zone.palm.create` shares two words with
/// `zone.create`. The closest types vote, and the most frequent class wins. We tried six measures of closeness: for each type of the catalogue, each
/// measure guessed the class from all other types. This measure is the simplest one that guesses 88 % of the classes correctly. Measures that also
/// compare parts of words reach 90 %.
struct EventRelatives: Sendable {
    private let text: [UInt8]
    /// The end offset of each type in `text`.
    private let ends: [Int]
    private let mappings: [EventMapping]

    struct Vote: Equatable {
        var mapping: EventMapping
        /// The number of words that each of the closest types shares with the type without a row.
        var words: Int
        var relatives: Int
        var agreeing: Int
    }

    init(_ types: [(type: Substring, mapping: EventMapping)]) {
        var text: [UInt8] = []
        var ends: [Int] = []
        for entry in types {
            text += entry.type.utf8
            ends.append(text.count)
        }
        self.text = text
        self.ends = ends
        mappings = types.map(\.mapping)
    }

    /// The result of the vote; nil if no type of the catalogue begins or ends with the same word as this type. The type with the index `excluded`
    /// does not vote. Set `excluded` only to measure how good the votes are.
    func vote(on type: JSONText, excluding excluded: Int? = nil) -> Vote? {
        var closest = 0
        // The number of votes for each class.
        var votes = [Int](repeating: 0, count: OCSFKind.allCases.count)
        // For each class with votes: the activity that all voters for this class have, or 99 if these voters have different activities.
        var activities = [Int](repeating: 99, count: OCSFKind.allCases.count)
        text.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var start = 0
            for index in ends.indices {
                let end = ends[index]
                defer { start = end }
                if index == excluded { continue }
                let other = JSONText(start: base + start, count: end - start, isEscaped: false)
                let words = Self.leadingWords(type, other) + Self.trailingWords(type, other)
                guard words > 0, words >= closest else { continue }
                if words > closest {
                    closest = words
                    for kind in votes.indices { votes[kind] = 0 }
                }
                let kind = mappings[index].kind.rawValue
                if votes[kind] == 0 {
                    activities[kind] = mappings[index].activity
                } else if activities[kind] != mappings[index].activity {
                    activities[kind] = 99
                }
                votes[kind] += 1
            }
        }
        // If Entity Management has as many votes as any other class, it wins, because it can represent any event.
        var most = OCSFKind.entity
        for kind in OCSFKind.allCases where votes[kind.rawValue] > votes[most.rawValue] { most = kind }
        guard votes[most.rawValue] > 0 else { return nil }
        return Vote(
            mapping: EventMapping(kind: most, activity: activities[most.rawValue], rule: .none), words: closest,
            relatives: votes.reduce(0, +), agreeing: votes[most.rawValue])
    }

    private static func leadingWords(_ left: JSONText, _ right: JSONText) -> Int {
        let shorter = min(left.count, right.count)
        var words = 0
        var at = 0
        while at < shorter, left.start[at] == right.start[at] {
            if left.start[at] == UInt8(ascii: ".") { words += 1 }
            at += 1
        }
        guard at == shorter, at > 0 else { return words }
        let longer = left.count > right.count ? left : right
        return at == longer.count || longer.start[at] == UInt8(ascii: ".") ? words + 1 : words
    }

    private static func trailingWords(_ left: JSONText, _ right: JSONText) -> Int {
        let shorter = min(left.count, right.count)
        var words = 0
        var at = 0
        while at < shorter, left.start[left.count - 1 - at] == right.start[right.count - 1 - at] {
            if left.start[left.count - 1 - at] == UInt8(ascii: ".") { words += 1 }
            at += 1
        }
        guard at == shorter, at > 0 else { return words }
        let longer = left.count > right.count ? left : right
        return at == longer.count || longer.start[longer.count - 1 - at] == UInt8(ascii: ".") ? words + 1 : words
    }
}

/// Caches the results of votes on types that have no row, because a vote compares a type with the whole catalogue. A full cache is emptied.
struct UnknownTypes {
    private static let capacity = 64
    private var known: [(type: [UInt8], mapping: EventMapping)] = []

    mutating func mapping(of type: JSONText, _ catalog: EventCatalog) -> EventMapping {
        for entry in known where entry.type.count == type.count {
            if entry.type.withUnsafeBufferPointer({
                $0.baseAddress.map { equalBytes($0, type.start, type.count) } ?? true
            }) {
                return entry.mapping
            }
        }
        let mapping = catalog.mapping(of: type)
        if known.count == Self.capacity { known.removeAll(keepingCapacity: true) }
        if type.count <= 255 {
            known.append((Array(UnsafeBufferPointer(start: type.start, count: type.count)), mapping))
        }
        return mapping
    }
}

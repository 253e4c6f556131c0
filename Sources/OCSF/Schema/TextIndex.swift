/// The texts of a record's values, in 512 lists. A text's length, first byte and last byte determine its list. After warming up, it allocates nothing,
/// except after a very large record.
struct TextIndex {
    struct Entry {
        /// The index of the value's node.
        var node: UInt32
        /// Whether the value, or an object or array that contains it, is removed.
        var isDropped: Bool
        /// The position of the next entry of the same list; -1 if there is none.
        var next: Int32
    }

    /// The entries of one list.
    struct Candidates: Sequence, IteratorProtocol {
        let entries: [Entry]
        var position: Int32

        mutating func next() -> Entry? {
            guard position >= 0 else { return nil }
            let entry = entries[Int(position)]
            position = entry.next
            return entry
        }
    }

    private var entries: [Entry] = []
    /// The position of the last entry of each list; -1 if the list is empty.
    private var lists = [Int32](repeating: -1, count: 512)

    mutating func removeAll() {
        // A rare record with very many values needs much memory, which is freed here.
        entries.removeAll(keepingCapacity: entries.capacity <= 65_536)
        for list in lists.indices { lists[list] = -1 }
    }

    mutating func insert(_ text: JSONText, node: Int, isDropped: Bool) {
        let list = list(text)
        entries.append(Entry(node: UInt32(node), isDropped: isDropped, next: lists[list]))
        lists[list] = Int32(entries.count - 1)
    }

    /// All entries with this text, and possibly others.
    func candidates(_ text: JSONText) -> Candidates { Candidates(entries: entries, position: lists[list(text)]) }

    private func list(_ text: JSONText) -> Int {
        guard text.count > 0 else { return 0 }
        let ends = Int(text.start[0]) &* 31 &+ Int(text.start[text.count - 1]) &* 7
        return (ends &+ text.count &* 131) & 511
    }
}

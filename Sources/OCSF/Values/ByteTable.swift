/// An immutable table from byte strings to small numbers: open addressing, without allocation or `String` in a look-up.
struct ByteTable: Sendable {
    private struct Entry {
        var hash: UInt32 = 0
        var offset: UInt32 = 0
        var length: UInt32 = 0
        var value: Int32 = -1
    }

    private let entries: [Entry]
    private let text: [UInt8]

    /// If a key occurs twice, the later pair wins.
    init(_ pairs: [(key: [UInt8], value: Int32)]) {
        var size = 16
        while size < pairs.count * 2 { size *= 2 }
        var entries = [Entry](repeating: Entry(), count: size)
        var text: [UInt8] = []
        for pair in pairs where pair.value >= 0 {
            let hash = pair.key.withUnsafeBufferPointer { byteHash($0.baseAddress, $0.count) }
            var at = Int(hash) & (size - 1)
            while entries[at].value >= 0 {
                let range = Int(entries[at].offset)..<Int(entries[at].offset + entries[at].length)
                if entries[at].hash == hash, text[range].elementsEqual(pair.key) { break }
                at = (at + 1) & (size - 1)
            }
            if entries[at].value < 0 {
                entries[at] = Entry(hash: hash, offset: UInt32(text.count), length: UInt32(pair.key.count), value: 0)
                text += pair.key
            }
            entries[at].value = pair.value
        }
        self.entries = entries
        self.text = text
    }

    func lookup(_ key: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        let hash = byteHash(key, count)
        return entries.withUnsafeBufferPointer { entries in
            text.withUnsafeBufferPointer { text in
                var at = Int(hash) & (entries.count - 1)
                while entries[at].value >= 0 {
                    if entries[at].hash == hash, Int(entries[at].length) == count,
                        let base = text.baseAddress, equalBytes(base + Int(entries[at].offset), key, count)
                    {
                        return Int(entries[at].value)
                    }
                    at = (at + 1) & (entries.count - 1)
                }
                return nil
            }
        }
    }
}

/// FNV-1a, 32 bits. The keys in a table come from the program or the operator, never from an event, so nobody can provoke collisions.
private func byteHash(_ start: UnsafePointer<UInt8>?, _ count: Int) -> UInt32 {
    var hash: UInt32 = 2_166_136_261
    guard let start else { return hash }
    for index in 0..<count { hash = (hash ^ UInt32(start[index])) &* 16_777_619 }
    return hash ^ (hash >> 15)
}

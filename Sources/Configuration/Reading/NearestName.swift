/// Finds the known name that a person most likely meant by an unknown name.
package enum NearestName {
    /// The candidate with the smallest edit distance (insert, delete, replace, swap neighbors). Nil if the distance is too large for a typing error:
    /// more than 3, or more than a third of the longer name's length. A distance of 1 is always accepted.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        // No known name has more than 64 characters, so a longer name gets no suggestion. The limit also bounds the work of `distance`.
        guard name.unicodeScalars.count <= 64 else { return nil }
        let folded = name.lowercased().replacing("-", with: "_")
        var best: (distance: Int, name: String)?
        for candidate in candidates {
            let other = candidate.lowercased().replacing("-", with: "_")
            let allowed = min(3, max(1, max(other.count, folded.count) / 3))
            let found = distance(Array(folded.unicodeScalars), Array(other.unicodeScalars))
            if found <= allowed, found < best?.distance ?? .max { best = (found, candidate) }
        }
        return best?.name
    }

    /// The optimal string alignment distance between two names.
    static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}

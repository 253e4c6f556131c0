/// Reads `Link` headers (RFC 8288, section 3). Paging needs only the link with the relation `next`.
///
/// A server may send one header line per link. A proxy may join the lines with commas, or change their order. The target may
/// contain commas, semicolons and quotes, so the text between `<` and `>` is taken first. A link that does not follow
/// the grammar is ignored.
package enum LinkHeader {
    /// The target of the first link with the relation `next`, as the server wrote it. `values` are all values of the header.
    package static func next(in values: [String]) -> String? { target(of: "next", in: values) }

    /// The target of the first link with this relation. `relation` must be in lower case; the header may write it in any case.
    package static func target(of relation: String, in values: [String]) -> String? {
        for value in values {
            var scanner = Scanner(bytes: Array(value.utf8))
            while let link = scanner.nextLink() {
                if link.relations.contains(relation) { return link.target }
            }
        }
        return nil
    }

    private struct Link {
        let target: String
        let relations: [String]
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        /// The next well-formed link; nil at the end.
        mutating func nextLink() -> Link? {
            while position < bytes.count {
                skip { $0 == 0x2C || Self.isSpace($0) }
                if let link = link() { return link }
                skipToComma()
            }
            return nil
        }

        private mutating func link() -> Link? {
            guard take(0x3C), let close = bytes[position...].firstIndex(of: 0x3E) else { return nil }
            let target = String(decoding: bytes[position..<close], as: UTF8.self)
            position = close + 1
            var relations: [String]?
            var isAnchored = false
            skip(Self.isSpace)
            while take(0x3B) {
                skip(Self.isSpace)
                let name = String(decoding: taken { Self.isToken($0) }, as: UTF8.self).lowercased()
                skip(Self.isSpace)
                var value: [UInt8] = []
                if take(0x3D) {
                    skip(Self.isSpace)
                    guard let text = parameterValue() else { return nil }
                    value = text
                }
                // Of several `rel` parameters, the first one counts (RFC 8288, 3.3). A link with an anchor is ignored, because it describes another
                // page (3.2).
                if name == "rel", relations == nil {
                    relations = String(decoding: value, as: UTF8.self).lowercased().split(separator: " ").map(
                        String.init)
                }
                if name == "anchor" { isAnchored = true }
                skip(Self.isSpace)
            }
            guard position == bytes.count || bytes[position] == 0x2C, let relations, !isAnchored else { return nil }
            return Link(target: target, relations: relations)
        }

        private mutating func parameterValue() -> [UInt8]? {
            guard take(0x22) else { return Array(taken { $0 != 0x3B && $0 != 0x2C && !Self.isSpace($0) }) }
            var value: [UInt8] = []
            while position < bytes.count {
                var byte = bytes[position]
                position += 1
                if byte == 0x22 { return value }
                if byte == 0x5C {
                    guard position < bytes.count else { return nil }
                    byte = bytes[position]
                    position += 1
                }
                value.append(byte)
            }
            return nil
        }

        /// Moves to the next comma outside of quotes and angle brackets.
        private mutating func skipToComma() {
            var isQuoted = false
            var isBracketed = false
            while position < bytes.count {
                let byte = bytes[position]
                if byte == 0x2C, !isQuoted, !isBracketed { return }
                if byte == 0x22, !isBracketed { isQuoted.toggle() }
                if byte == 0x3C, !isQuoted { isBracketed = true }
                if byte == 0x3E { isBracketed = false }
                if byte == 0x5C, isQuoted { position += 1 }
                position += 1
            }
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        private mutating func taken(_ isPart: (UInt8) -> Bool) -> ArraySlice<UInt8> {
            let start = position
            skip(isPart)
            return bytes[start..<position]
        }

        private mutating func skip(_ isPart: (UInt8) -> Bool) {
            while position < bytes.count, isPart(bytes[position]) { position += 1 }
        }

        private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

        private static func isToken(_ byte: UInt8) -> Bool {
            byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains(byte)
        }
    }
}

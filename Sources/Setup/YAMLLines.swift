/// The lines of a YAML file. A change concerns only the lines of the changed keys; all other lines stay as they are, including comments.
///
/// This type handles mappings with one key per line, the form that people and this program write. Other forms (braces, anchors, multi-line values)
/// are not changed, and the methods report that. The type does not parse YAML, so after a change the caller reads the result as YAML and compares it
/// with the intended values.
///
/// ```swift
/// var lines = YAMLLines(text)
/// let item = lines.block(line: 12, column: 5)   // where an item's `name` is
/// lines.set("paused", "true", in: item, after: "name")
/// ```
package struct YAMLLines: Sendable {
    /// A mapping: the line of its first key, and the column in which its keys begin. Both are counted from 0.
    package struct Block: Sendable, Equatable {
        package let first: Int
        package let column: Int
    }

    /// The lines without their line endings.
    private var lines: [String]
    /// The ending of each line, such as `\r\n` in a Windows file. New lines get the same ending.
    private let end: String

    /// Nil if some lines end with `\r\n` and others do not.
    package init?(_ text: String) {
        // The text is split by Unicode scalars, because "\r\n" is one character in Swift.
        let pieces = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        let hasReturns = pieces.count > 1 && pieces.dropLast().allSatisfy { $0.last == "\r" }
        end = hasReturns ? "\r\n" : "\n"
        lines = pieces.enumerated().map { number, piece in
            String(String.UnicodeScalarView(hasReturns && number < pieces.count - 1 ? piece.dropLast() : piece))
        }
        guard !lines.contains(where: { $0.unicodeScalars.contains("\r") }) else { return nil }
    }

    package var text: String { lines.joined(separator: end) }

    /// The mapping that begins at this position, counted from 1 as in messages; nil if the mapping can't be changed safely, for example because it is
    /// in braces.
    package func block(line: Int, column: Int) -> Block? {
        let block = Block(first: line - 1, column: column - 1)
        guard lines.indices.contains(block.first), block.column >= 0,
            let first = content(block.first, in: block)?.first,
            !"{[&*!?\"'".contains(first)
        else { return nil }
        return block
    }

    /// The mapping below a key of another mapping. Nil if the key is missing, has no value, or has its value on the same line.
    package func block(under key: String, in outer: Block) -> Block? {
        guard let line = line(of: key, in: outer), value(line, key, outer).isEmpty else { return nil }
        for next in extent(line, in: outer).dropFirst() {
            guard let column = indent(next) else { continue }
            return Block(first: next, column: column)
        }
        return nil
    }

    /// Whether a mapping has the key.
    package func has(_ key: String, in block: Block) -> Bool { line(of: key, in: block) != nil }

    /// Sets a key's value. If the key is missing, adds it after `neighbour`, or at the end of the mapping.
    ///
    /// - Parameter value: the text to write, quoted if that is necessary.
    /// - Returns: false if the present value has a form that can't be changed safely; then nothing is changed.
    package mutating func set(_ key: String, _ value: String, in block: Block, after neighbour: String? = nil) -> Bool {
        let pad = String(repeating: " ", count: block.column)
        guard let line = line(of: key, in: block) else {
            let index =
                neighbour.flatMap { self.line(of: $0, in: block) }.map { extent($0, in: block).upperBound }
                ?? range(block).upperBound
            lines.insert("\(pad)\(key): \(value)", at: index)
            return true
        }
        let replaced = extent(line, in: block)
        // A comment between the lines of the old value would be lost together with that value, so such a value is not changed.
        guard replaced.dropFirst().allSatisfy({ !lines[$0].contains("#") }) else { return false }
        let head = String(lines[line].unicodeScalars.prefix(block.column))
        let end = comment(line, key, block)
        lines.replaceSubrange(replaced, with: ["\(head)\(key): \(value)\(end)"])
        return true
    }

    /// Adds a key with a mapping below it at the end of another mapping. If the key already exists without a value, adds only the mapping.
    ///
    /// - Parameter inner: keys with the texts of their values.
    /// - Returns: false, without a change, if the key already has a value, for example in braces.
    package mutating func add(_ key: String, _ inner: [(key: String, value: String)], in block: Block) -> Bool {
        let pad = String(repeating: " ", count: block.column)
        let below = inner.map { "\(pad)  \($0.key): \($0.value)" }
        guard let line = line(of: key, in: block) else {
            lines.insert(contentsOf: ["\(pad)\(key):"] + below, at: range(block).upperBound)
            return true
        }
        guard value(line, key, block).isEmpty else { return false }
        lines.insert(contentsOf: below, at: line + 1)
        return true
    }

    /// Removes a key and everything below it.
    package mutating func remove(_ key: String, in block: Block) {
        guard let line = line(of: key, in: block) else { return }
        let removed = extent(line, in: block)
        if line == block.first, let next = range(block).first(where: { $0 >= removed.upperBound && indent($0) != nil })
        {
            // If the removed line contains the dash of a list item, the dash moves to the next key.
            lines[next] =
                String(lines[line].unicodeScalars.prefix(block.column))
                + String(lines[next].unicodeScalars.dropFirst(block.column))
        }
        lines.removeSubrange(removed)
    }

    /// Removes an item of a list.
    package mutating func removeItem(_ block: Block) { lines.removeSubrange(range(block)) }

    // MARK: Lines

    /// The column of the first character; nil for an empty line or a comment.
    private func indent(_ line: Int) -> Int? {
        let scalars = lines[line].unicodeScalars
        guard let first = scalars.firstIndex(where: { $0 != " " }), scalars[first] != "#" else {
            return nil
        }
        return scalars.distance(from: scalars.startIndex, to: first)
    }

    /// The lines from the first to the last one that belong to the mapping.
    private func range(_ block: Block) -> Range<Int> {
        var end = block.first + 1
        for line in lines.indices.dropFirst(block.first + 1) {
            guard let column = indent(line) else { continue }
            guard column >= block.column else { break }
            end = line + 1
        }
        return block.first..<end
    }

    /// The part of a line that begins at the mapping's column; nil if no key begins there.
    private func content(_ line: Int, in block: Block) -> String? {
        guard line == block.first || indent(line) == block.column else { return nil }
        return String(lines[line].unicodeScalars.dropFirst(block.column))
    }

    private func line(of key: String, in block: Block) -> Int? {
        range(block).first { line in
            guard let text = content(line, in: block), text.hasPrefix("\(key):") else { return false }
            let next = text.unicodeScalars.dropFirst(key.unicodeScalars.count + 1).first
            return next == nil || next == " "
        }
    }

    /// The lines of a key and its value. The value includes the following lines that are indented further, and list items in the key's own column.
    private func extent(_ line: Int, in block: Block) -> Range<Int> {
        var end = line + 1
        for next in range(block) where next > line {
            guard let column = indent(next) else { continue }
            let isItem = column == block.column && (content(next, in: block)?.hasPrefix("-") ?? false)
            guard column > block.column || isItem else { break }
            end = next + 1
        }
        return line..<end
    }

    /// The text after the key and its colon, without a comment.
    private func value(_ line: Int, _ key: String, _ block: Block) -> String {
        let text = rest(line, key, block)
        return String(text.dropLast(comment(line, key, block).count)).trimmed
    }

    private func rest(_ line: Int, _ key: String, _ block: Block) -> String {
        String(lines[line].unicodeScalars.dropFirst(block.column + key.unicodeScalars.count + 1))
    }

    /// The comment at the end of a key's line, with the spaces before it.
    private func comment(_ line: Int, _ key: String, _ block: Block) -> String {
        let rest = Array(self.rest(line, key, block))
        var index = rest.firstIndex { $0 != " " } ?? rest.count
        if index < rest.count, rest[index] == "\"" || rest[index] == "'" {
            let quote = rest[index]
            index += 1
            while index < rest.count, rest[index] != quote { index += quote == "\"" && rest[index] == "\\" ? 2 : 1 }
        }
        guard index < rest.count,
            let mark = rest.indices.first(where: { $0 >= index && rest[$0] == "#" && $0 > 0 && rest[$0 - 1] == " " })
        else { return "" }
        let start = rest[..<mark].lastIndex { $0 != " " }.map { $0 + 1 } ?? 0
        return String(rest[start...])
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

import CSimdjson
import Glibc

/// Adapts a record to an older version of OCSF, which has fewer attributes and values than the version that the mapping writes. `unmapped` and
/// `raw_data` are not adapted; the mapping writes them later. Attributes that the older version lacks are removed. A value that an enumeration lacks
/// becomes 99 (Other), and the attribute that contains the value's name stays. If an object then breaks a rule of the older version, it is removed as
/// a whole. The mapping makes sure that removed values are in `unmapped`.
///
/// The record is parsed again. Then each value is kept, changed or removed, the innermost values first, according to the version's table, in which
/// each name has a number. Finally, the remaining parts are copied. After warming up, adapting a record allocates nothing. Only the tables describe
/// the versions: a new attribute in the mapping needs no code here.
final class RecordFit {
    enum Outcome {
        /// The record has been adapted, and uses these profiles.
        case fitted(SchemaTable.Profiles)
        /// This version lacks the record's class, or requires something in it that the record lacks. The writer is unchanged.
        case notFillable
        /// The record could not be parsed, for example because it is larger than the parser's limit.
        case failed(Rejection)
    }

    // Marks on the record's nodes, in addition to the parser's own.
    private static let dropped = UInt8(TRIBUTARY_JSON_CONSUMED)
    /// The value becomes 99 (Other), because this version lacks the original value.
    private static let other: UInt8 = 32
    /// The value is removed here, because the adapted record has it at another place.
    private static let moved: UInt8 = 64
    /// A part of the value is removed or changed, so the value can't be copied unchanged.
    private static let changed: UInt8 = 128

    private let table: SchemaTable
    private let tape: JSONTape
    private var output = RecordWriter()
    private let observables: UInt16, enrichments: UInt16, name: UInt16, country: UInt16, url: UInt16

    // State of the present record:
    private var bytes: UnsafePointer<UInt8>
    private var nodes: JSONNode
    private var count = 0
    private var profiles: SchemaTable.Profiles = []
    /// Members that move, each with the member into which it moves. A record has only a few of these.
    private let moves: UnsafeMutablePointer<(member: JSONNode, into: JSONNode)>
    private var moveCount = 0
    private static let moveLimit = 16

    /// The texts of the record's values, for `stands`.
    private var texts = TextIndex()

    private let nothing: UnsafeMutablePointer<tributary_json_node>

    init(_ table: SchemaTable) throws(NormalizerError) {
        let keys = table.names.enumerated().dropFirst().map { (name: $1, number: UInt16($0)) }
        guard let tape = JSONTape(keys: keys, scale: 8) else { throw .outOfMemory }
        self.tape = tape
        self.table = table
        observables = table.number(of: "observables")
        enrichments = table.number(of: "enrichments")
        name = table.number(of: "name")
        country = table.number(of: "country")
        url = table.number(of: "url")
        moves = .allocate(capacity: Self.moveLimit)
        nothing = .allocate(capacity: 1)
        nothing.initialize(to: tributary_json_node())
        nodes = nothing
        bytes = UnsafePointer(output.start)
    }

    deinit {
        moves.deallocate()
        nothing.deallocate()
    }

    /// Adapts the record in `writer`, which lacks its closing brace and has a comma after its last member. Until the next call, `stands` says which
    /// of the record's values remain.
    func fit(_ writer: inout RecordWriter, _ kind: OCSFKind) -> Outcome {
        guard let structure = table.classes[kind]?.structure else { return .notFillable }
        writer.finish()
        defer { writer.reopen() }
        switch tape.parse(writer.bytes) {
        case .failure(let rejection): return .failed(rejection)
        case .success(let parsed):
            nodes = parsed.nodes
            count = parsed.count
            bytes = UnsafePointer(writer.start)
        }
        profiles = []
        moveCount = 0
        guard decide(nodes, structure, isRecord: true) else { return .notFillable }
        keepResolving(observables)
        keepResolving(enrichments)
        output.begin()
        object(nodes, structure)
        output.goBack(to: output.count - 1)
        indexTexts()
        // The record as it was before it was adapted stays in `output` until the next record, because `stands` reads it.
        swap(&writer, &output)
        return .fitted(profiles)
    }

    /// Whether the adapted record still has a text that the mapping copied from the event. If the record had the text at several places, the text
    /// must remain at all of them, because it may have a different meaning at each place. Observables and enrichments do not count, because they
    /// only repeat texts.
    func stands(_ text: JSONText) -> Bool {
        var isKept = false
        for entry in texts.candidates(text) where holds(nodes + Int(entry.node), text) {
            if entry.isDropped { return false }
            isKept = true
        }
        return isKept
    }

    private func indexTexts() {
        texts.removeAll()
        var index = 0
        var droppedUntil = 0
        while index < count {
            let node = nodes + index
            let isCopy = node.pointee.key == observables || node.pointee.key == enrichments
            let isSaid = node.pointee.flags & (Self.dropped | Self.moved) == Self.dropped | Self.moved
            if index > 0, isCopy || isSaid {
                index = Int(node.pointee.next)
                continue
            }
            if node.pointee.flags & Self.dropped != 0 {
                droppedUntil = max(droppedUntil, Int(node.pointee.next))
            }
            if Int(node.pointee.kind) < TRIBUTARY_JSON_OBJECT {
                texts.insert(text(node), node: index, isDropped: index < droppedUntil)
            }
            index += 1
        }
    }

    /// Whether the adapted record still has a country. `stands` can't tell, because the record has the country's code instead of the event's text.
    var hasCountry: Bool { keeps(country) }
    /// Whether the adapted record still has a URL. `stands` can't tell, because the mapping splits the event's URL into parts.
    var hasURL: Bool { keeps(url) }

    private func keeps(_ key: UInt16) -> Bool {
        var index = 0
        while index < count {
            let node = nodes + index
            if node.pointee.flags & Self.dropped != 0 {
                index = Int(node.pointee.next)
                continue
            }
            if node.pointee.key == key { return true }
            index += 1
        }
        return false
    }

    private func holds(_ node: JSONNode, _ other: JSONText) -> Bool {
        let text = text(node)
        return text.count == other.count && memcmp(text.start, other.start, text.count) == 0
    }

    /// The text of a value that is not an object or an array, without the quotes of a string.
    private func text(_ node: JSONNode) -> JSONText {
        let quotes = Int(node.pointee.kind) == TRIBUTARY_JSON_STRING ? 1 : 0
        return JSONText(
            start: bytes + Int(node.pointee.start) + quotes,
            count: Int(node.pointee.end - node.pointee.start) - 2 * quotes, isEscaped: false)
    }

    // MARK: Deciding

    /// Marks what is removed from an object. Returns false if the object must be removed as a whole.
    private func decide(_ object: JSONNode, _ structure: Int, isRecord: Bool = false) -> Bool {
        let facts = table.structures[structure]
        let end = nodes + Int(object.pointee.next)
        var child = object + 1
        while child < end {
            if let attribute = table.attribute(structure, child.pointee.key) {
                if !decide(child, attribute) { drop(child, in: object) }
                if child.pointee.flags & Self.other != 0, member(attribute.sibling, of: object) == nil {
                    // The value 99 (Other) has a meaning only if another attribute says what it stands for.
                    child.pointee.flags &= ~Self.other
                    drop(child, in: object)
                }
                if child.pointee.flags & Self.dropped != 0, attribute.sibling != 0,
                    let sibling = member(attribute.sibling, of: object)
                {
                    drop(sibling, in: object)
                }
            } else if !takeFirst(child, facts, structure, of: object) {
                drop(child, in: object)
            }
            if child.pointee.flags & (Self.changed | Self.other) != 0 { object.pointee.flags |= Self.changed }
            child = nodes + Int(child.pointee.next)
        }
        move(facts, structure, of: object)
        spare(facts, of: object)
        if isRecord { settleProfiles(facts, structure) }
        return isWhole(object, facts)
    }

    private func decide(_ node: JSONNode, _ attribute: SchemaTable.Attribute) -> Bool {
        let kind = Int(node.pointee.kind)
        guard attribute.content != .any else { return true }
        guard attribute.isArray == (kind == TRIBUTARY_JSON_ARRAY) else { return false }
        if attribute.isArray {
            var keepsAny = false
            let end = nodes + Int(node.pointee.next)
            var element = node + 1
            while element < end {
                if decideValue(element, attribute) {
                    keepsAny = true
                } else {
                    drop(element, in: node)
                }
                if element.pointee.flags & (Self.changed | Self.other) != 0 { node.pointee.flags |= Self.changed }
                element = nodes + Int(element.pointee.next)
            }
            return keepsAny
        }
        return decideValue(node, attribute)
    }

    private func decideValue(_ node: JSONNode, _ attribute: SchemaTable.Attribute) -> Bool {
        let kind = Int(node.pointee.kind)
        if case .object(let structure) = attribute.content {
            return kind == TRIBUTARY_JSON_OBJECT && decide(node, structure)
        }
        guard kind < TRIBUTARY_JSON_OBJECT else { return false }
        guard let values = attribute.values, kind == TRIBUTARY_JSON_NUMBER, let value = integer(node) else {
            return true
        }
        if values.contains(value) { return true }
        node.pointee.flags |= Self.other
        return values.contains(99)
    }

    private func drop(_ node: JSONNode, in parent: JSONNode) {
        node.pointee.flags |= Self.dropped
        parent.pointee.flags |= Self.changed
    }

    /// If the version lacks a list but has an attribute for a single element of it, marks the list as moved and keeps only the first element that
    /// this attribute allows. Returns false if there is no such attribute or element, or if the object already has the attribute.
    private func takeFirst(_ node: JSONNode, _ facts: SchemaTable.Structure, _ structure: Int, of object: JSONNode)
        -> Bool
    {
        guard let key = facts.first[node.pointee.key], Int(node.pointee.kind) == TRIBUTARY_JSON_ARRAY,
            let attribute = table.attribute(structure, key), member(key, of: object) == nil
        else { return false }
        var isTaken = false
        let end = nodes + Int(node.pointee.next)
        var element = node + 1
        while element < end {
            if !isTaken, decideValue(element, attribute) {
                isTaken = true
            } else {
                drop(element, in: node)
            }
            element = nodes + Int(element.pointee.next)
        }
        guard isTaken else { return false }
        node.pointee.flags |= Self.moved
        object.pointee.flags |= Self.changed
        return true
    }

    /// Of the members to remove, marks those that this version has inside another member, so that they are written there.
    private func move(_ facts: SchemaTable.Structure, _ structure: Int, of object: JSONNode) {
        guard !facts.into.isEmpty else { return }
        let end = nodes + Int(object.pointee.next)
        var child = object + 1
        while child < end {
            if child.pointee.flags & Self.dropped != 0, let key = facts.into[child.pointee.key],
                let target = member(key, of: object), Int(target.pointee.kind) == TRIBUTARY_JSON_OBJECT,
                moveCount < Self.moveLimit
            {
                child.pointee.flags = child.pointee.flags & ~Self.dropped | Self.moved
                target.pointee.flags |= Self.changed
                (moves + moveCount).initialize(to: (child, target))
                moveCount += 1
            }
            child = nodes + Int(child.pointee.next)
        }
    }

    /// Of the members to remove, marks those whose content is also in another member, so that this content does not count as lost.
    private func spare(_ facts: SchemaTable.Structure, of object: JSONNode) {
        guard !facts.same.isEmpty else { return }
        let end = nodes + Int(object.pointee.next)
        var child = object + 1
        while child < end {
            if child.pointee.flags & Self.dropped != 0, let key = facts.same[child.pointee.key],
                member(key, of: object) != nil
            {
                child.pointee.flags |= Self.moved
            }
            child = nodes + Int(child.pointee.next)
        }
    }

    /// Decides which profiles the record uses. If an attribute that a profile requires is missing, all attributes that only this profile has are
    /// removed.
    private func settleProfiles(_ facts: SchemaTable.Structure, _ structure: Int) {
        for profile in SchemaTable.Profiles.listed {
            let lacks = facts.required.contains { $0.profiles.contains(profile) && member($0.key, of: nodes) == nil }
            forEachMember(of: nodes) { child in
                guard let attribute = table.attribute(structure, child.pointee.key),
                    attribute.profiles.contains(profile)
                else { return }
                if !lacks {
                    profiles.insert(profile)
                } else if attribute.profiles == profile {
                    drop(child, in: nodes)
                }
            }
        }
        forEachMember(of: nodes) { child in
            if table.attribute(structure, child.pointee.key)?.profiles == .other { drop(child, in: nodes) }
        }
    }

    private func isWhole(_ object: JSONNode, _ facts: SchemaTable.Structure) -> Bool {
        for required in facts.required where required.profiles.isEmpty {
            if member(required.key, of: object) == nil { return false }
        }
        for constraint in facts.constraints {
            var found = 0
            for key in constraint.members where member(key, of: object) != nil { found += 1 }
            if found == 0 || (constraint.isJustOne && found > 1) { return false }
        }
        var isEmpty = true
        forEachMember(of: object) { _ in isEmpty = false }
        return !isEmpty
    }

    /// Removes the observables or enrichments that refer, by a path, to an attribute that is removed.
    private func keepResolving(_ key: UInt16) {
        guard let list = member(key, of: nodes) else { return }
        var keepsAny = false
        let end = nodes + Int(list.pointee.next)
        var element = list + 1
        while element < end {
            if element.pointee.flags & Self.dropped == 0 {
                if let path = member(name, of: element), resolves(path) {
                    keepsAny = true
                } else {
                    drop(element, in: list)
                }
            }
            element = nodes + Int(element.pointee.next)
        }
        if !keepsAny { drop(list, in: nodes) }
        if list.pointee.flags & Self.changed != 0 { nodes.pointee.flags |= Self.changed }
    }

    /// Whether the adapted record still has the attribute with this path, such as `actor.user.name` or `evidences[0].src_endpoint.ip`. Returns
    /// true for any path into `unmapped`, because that part is written later.
    private func resolves(_ path: JSONNode) -> Bool {
        let text = bytes + Int(path.pointee.start) + 1
        let size = Int(path.pointee.end - path.pointee.start) - 2
        var at = nodes
        var start = 0
        while start < size {
            var end = start
            while end < size, text[end] != UInt8(ascii: "."), text[end] != UInt8(ascii: "[") { end += 1 }
            let part = JSONText(start: text + start, count: end - start, isEscaped: false)
            if start == 0, part.equals("unmapped") { return true }
            guard let found = member(named: part, of: at) else { return false }
            at = found
            if end < size, text[end] == UInt8(ascii: "[") {
                var index = 0
                end += 1
                while end < size, text[end] &- 0x30 < 10, index < 100_000 {
                    index = index * 10 + Int(text[end] &- 0x30)
                    end += 1
                }
                end += 1
                guard let element = element(index, of: at) else { return false }
                at = element
            }
            start = end + 1
        }
        return true
    }

    private func element(_ index: Int, of array: JSONNode) -> JSONNode? {
        guard Int(array.pointee.kind) == TRIBUTARY_JSON_ARRAY else { return nil }
        let end = nodes + Int(array.pointee.next)
        var element = array + 1
        var place = 0
        while element < end {
            // If an element was removed, the positions of all elements after it have changed, so paths with these positions are wrong.
            if element.pointee.flags & Self.dropped != 0 { return nil }
            if place == index { return element }
            place += 1
            element = nodes + Int(element.pointee.next)
        }
        return nil
    }

    // MARK: Lookup

    private func forEachMember(of object: JSONNode, _ body: (JSONNode) -> Void) {
        guard Int(object.pointee.kind) == TRIBUTARY_JSON_OBJECT else { return }
        let end = nodes + Int(object.pointee.next)
        var child = object + 1
        while child < end {
            if child.pointee.flags & Self.dropped == 0 { body(child) }
            child = nodes + Int(child.pointee.next)
        }
    }

    /// The object's member with this name. A member that is removed or moves elsewhere does not count.
    private func member(_ key: UInt16, of object: JSONNode) -> JSONNode? {
        guard key != 0 else { return nil }
        var found: JSONNode?
        forEachMember(of: object) { child in
            if child.pointee.key == key, child.pointee.flags & Self.moved == 0 { found = child }
        }
        return found
    }

    private func member(named text: JSONText, of object: JSONNode) -> JSONNode? {
        var found: JSONNode?
        forEachMember(of: object) { child in
            let size = Int(child.pointee.key_end - child.pointee.key_start)
            guard size == text.count, child.pointee.flags & Self.moved == 0 else { return }
            if equalBytes(bytes + Int(child.pointee.key_start), text.start, size) { found = child }
        }
        return found
    }

    private func integer(_ node: JSONNode) -> Int? {
        var value = 0
        for at in Int(node.pointee.start)..<Int(node.pointee.end) {
            guard bytes[at] &- 0x30 < 10, value < 1_000_000_000 else { return nil }
            value = value * 10 + Int(bytes[at] &- 0x30)
        }
        return value
    }

    // MARK: Writing

    private func object(_ node: JSONNode, _ structure: Int?) {
        output.byte(UInt8(ascii: "{"))
        let end = nodes + Int(node.pointee.next)
        var child = node + 1
        while child < end {
            if child.pointee.flags & Self.dropped == 0 {
                if child.pointee.flags & Self.moved == 0 {
                    key(child)
                    value(child)
                } else if let structure, let key = table.structures[structure].first[child.pointee.key] {
                    output.byte(UInt8(ascii: "\""))
                    output.text(table.names[Int(key)])
                    output.put("\":")
                    first(child)
                }
            }
            child = nodes + Int(child.pointee.next)
        }
        for index in 0..<moveCount where moves[index].into == node {
            key(moves[index].member)
            value(moves[index].member)
        }
        output.endObject()
    }

    private func key(_ node: JSONNode) {
        let start = Int(node.pointee.key_start) - 1
        output.copy(bytes + start, Int(node.pointee.key_end) + 1 - start)
        output.byte(UInt8(ascii: ":"))
    }

    /// Writes a value, followed by a comma.
    private func value(_ node: JSONNode) {
        if node.pointee.flags & Self.other != 0 { return output.put("99,") }
        guard node.pointee.flags & Self.changed != 0 else {
            output.copy(bytes + Int(node.pointee.start), Int(node.pointee.end - node.pointee.start))
            return output.byte(UInt8(ascii: ","))
        }
        if Int(node.pointee.kind) == TRIBUTARY_JSON_OBJECT { return object(node, nil) }
        output.byte(UInt8(ascii: "["))
        let end = nodes + Int(node.pointee.next)
        var element = node + 1
        while element < end {
            if element.pointee.flags & Self.dropped == 0 { value(element) }
            element = nodes + Int(element.pointee.next)
        }
        output.endArray()
    }

    private func first(_ array: JSONNode) {
        let end = nodes + Int(array.pointee.next)
        var element = array + 1
        while element < end {
            if element.pointee.flags & Self.dropped == 0 { return value(element) }
            element = nodes + Int(element.pointee.next)
        }
    }
}

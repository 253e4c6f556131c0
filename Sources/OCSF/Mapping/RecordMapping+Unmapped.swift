import CSimdjson
import Glibc

/// `unmapped` and `raw_data`: two parts of a record which ensure that nothing of the event is lost.
extension RecordMapping {
    /// Writes every value that the mapping did not copy verbatim, under its own path. Members without content (null, an empty object, an empty array)
    /// are left out, and so are members whose whole content was copied. Arrays are written completely, so that their elements keep their positions.
    mutating func unmapped() {
        let mark = writer.count
        let isOneLine = event.isOneLine()
        writer.put("\"unmapped\":{")
        let end = event.nodes + Int(event.nodes.pointee.next)
        var child = event.nodes + 1
        while child < end {
            if settings.flattenUnmapped, Int(child.pointee.kind) != TRIBUTARY_JSON_STRING {
                flattened(child, isOneLine)
            } else {
                member(child, isOneLine, honoursMarks: true)
            }
            child = event.nodes + Int(child.pointee.next)
        }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endObject() }
    }

    private mutating func flattened(_ node: JSONNode, _ isOneLine: Bool) {
        let mark = writer.count
        member(node, isOneLine, honoursMarks: true)
        guard writer.count > mark else { return }
        // `"key":{…},` becomes `"key":"{…}",`.
        let valueStart = mark + Int(node.pointee.key_end - node.pointee.key_start) + 3
        writer.requote(from: valueStart)
    }

    /// Writes a member with its key and a comma. Writes nothing if the member is null, empty, or marked as present in the record.
    mutating func member(_ node: JSONNode, _ isOneLine: Bool, honoursMarks: Bool) {
        if honoursMarks, Int(node.pointee.flags) & TRIBUTARY_JSON_CONSUMED != 0 { return }
        let nodeKind = Int(node.pointee.kind)
        if nodeKind == TRIBUTARY_JSON_NULL { return }
        let mark = writer.count
        // `key_start` and `key_end` exclude the key's quotation marks, which are copied, too.
        let keyStart = Int(node.pointee.key_start) - 1, keyEnd = Int(node.pointee.key_end) + 1
        let start = Int(node.pointee.start), end = Int(node.pointee.end)
        if nodeKind < TRIBUTARY_JSON_OBJECT, start == keyEnd + 1 {
            // If there is no white space between the key and the value, they are copied together.
            writer.copy(event.bytes + keyStart, end - keyStart)
            writer.byte(UInt8(ascii: ","))
            return
        }
        writer.copy(event.bytes + keyStart, keyEnd - keyStart)
        writer.byte(UInt8(ascii: ":"))
        if nodeKind == TRIBUTARY_JSON_OBJECT {
            writer.byte(UInt8(ascii: "{"))
            let end = event.nodes + Int(node.pointee.next)
            var child = node + 1
            while child < end {
                member(child, isOneLine, honoursMarks: honoursMarks)
                child = event.nodes + Int(child.pointee.next)
            }
            if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endObject() }
        } else if nodeKind == TRIBUTARY_JSON_ARRAY {
            if Int(node.pointee.next) == Int(node - event.nodes) + 1 { return writer.goBack(to: mark) }
            element(node, isOneLine)
        } else {
            writer.copy(event.bytes + start, end - start)
            writer.byte(UInt8(ascii: ","))
        }
    }

    /// Writes a complete value without a key, for an attribute of type json_t. Writes nothing for a null.
    mutating func value(_ node: JSONNode) {
        if Int(node.pointee.kind) == TRIBUTARY_JSON_NULL { return }
        element(node, event.isOneLine())
    }

    /// Writes a complete value without a key. Nulls and empty containers inside it are left out if they are members of objects, and kept if they are
    /// elements of arrays.
    private mutating func element(_ node: JSONNode, _ isOneLine: Bool) {
        let nodeKind = Int(node.pointee.kind)
        let isContainer = nodeKind >= TRIBUTARY_JSON_OBJECT
        if !isContainer || (isOneLine && Int(node.pointee.flags) & TRIBUTARY_JSON_DENSE != 0) {
            writer.copy(event.bytes + Int(node.pointee.start), Int(node.pointee.end - node.pointee.start))
            writer.byte(UInt8(ascii: ","))
            return
        }
        let end = event.nodes + Int(node.pointee.next)
        var child = node + 1
        if nodeKind == TRIBUTARY_JSON_OBJECT {
            writer.byte(UInt8(ascii: "{"))
            while child < end {
                member(child, isOneLine, honoursMarks: false)
                child = event.nodes + Int(child.pointee.next)
            }
            writer.endObject()
        } else {
            writer.byte(UInt8(ascii: "["))
            while child < end {
                element(child, isOneLine)
                child = event.nodes + Int(child.pointee.next)
            }
            writer.endArray()
        }
    }

    mutating func rawData() {
        guard settings.rawData else { return }
        writer.put("\"raw_data\":\"")
        writer.quoted(event.bytes, event.count)
        writer.put("\",")
        if schema.hasRawDataSize {
            writer.put("\"raw_data_size\":")
            writer.integer(Int64(event.count))
            writer.put(",")
        }
        guard schema.hasRawDataHash, digest.digest(event.bytes, event.count, into: digestBytes) else { return }
        writer.put("\"raw_data_hash\":{\"algorithm_id\":3,\"algorithm\":\"SHA-256\",\"value\":\"")
        writer.hex(digestBytes, 32)
        writer.put("\"},")
    }
}

extension RecordWriter {
    /// Turns the JSON between `mark` and the last comma into one string.
    mutating func requote(from mark: Int) {
        let size = count - 1 - mark
        guard size > 0 else { return }
        // The text is first moved out of the space that the new string may need, so that reading and writing never overlap.
        let room = 2 * size + 64
        reserve(room + size)
        let aside = mark + room
        memmove(start + aside, start + mark, size)
        goBack(to: mark)
        byte(UInt8(ascii: "\""))
        quoted(start + aside, size)
        put("\",")
    }
}

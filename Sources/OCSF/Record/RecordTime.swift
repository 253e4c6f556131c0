/// The `time` of a record that this module wrote, in milliseconds since 1970; nil for any other text.
///
/// The member `time` comes directly after `metadata`, which is first in a record, so it can be found without parsing the record.
package func recordTime(of record: UnsafeRawBufferPointer) -> Int64? {
    let opening: StaticString = "{\"metadata\":"
    let key: StaticString = ",\"time\":"
    guard stands(opening, in: record, at: 0), let end = endOfObject(in: record, from: opening.utf8CodeUnitCount),
        stands(key, in: record, at: end)
    else { return nil }
    var at = end + key.utf8CodeUnitCount
    var value: Int64 = 0
    let start = at
    while at < record.count, (48...57).contains(record[at]) {
        guard at - start < 18 else { return nil }
        value = value * 10 + Int64(record[at] - 48)
        at += 1
    }
    return at > start ? value : nil
}

private func stands(_ text: StaticString, in record: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    let size = text.utf8CodeUnitCount
    guard record.count >= offset + size else { return false }
    for index in 0..<size where record[offset + index] != text.utf8Start[index] { return false }
    return true
}

/// The end of the object that begins at `start`, found by counting braces outside strings.
private func endOfObject(in record: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var depth = 0
    var isInString = false
    var at = start
    while at < record.count {
        switch record[at] {
        case UInt8(ascii: "\\") where isInString: at += 1
        case UInt8(ascii: "\""): isInString.toggle()
        case UInt8(ascii: "{") where !isInString: depth += 1
        case UInt8(ascii: "}") where !isInString:
            depth -= 1
            if depth == 0 { return at + 1 }
        default: break
        }
        at += 1
    }
    return nil
}

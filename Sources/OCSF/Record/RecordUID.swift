/// The `metadata.uid` of a record that this module wrote: the inside of a JSON string, with its escapes. Nil for any other text.
///
/// The uid is at the beginning of a record, so it can be found without parsing the record.
package func recordUID(of record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let opening: StaticString = "{\"metadata\":{\"uid\":\""
    let size = opening.utf8CodeUnitCount
    guard record.count > size else { return nil }
    for index in 0..<size where record[index] != opening.utf8Start[index] { return nil }
    var at = size
    while at < record.count {
        switch record[at] {
        case UInt8(ascii: "\""): return at > size ? UnsafeRawBufferPointer(rebasing: record[size..<at]) : nil
        case UInt8(ascii: "\\"): at += 2
        default: at += 1
        }
    }
    return nil
}

import CSimdjson
import Glibc

/// Builds one JSON record in a buffer that is reused.
///
/// Every member is written with a trailing comma, and closing an object or array removes that comma. So the writer needs no state: its last byte
/// shows whether an object is empty, and going back to an earlier position undoes everything written since then.
struct RecordWriter: ~Copyable {
    private(set) var start: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    init() {
        capacity = 64 << 10
        start = .allocate(capacity: capacity)
    }

    deinit { start.deallocate() }

    /// Begins a record. If an earlier record needed much memory, frees that memory.
    mutating func begin() {
        count = 0
        if capacity > 4 << 20 {
            start.deallocate()
            capacity = 64 << 10
            start = .allocate(capacity: capacity)
        }
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    @inline(__always)
    mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: start, count: count)
        start.deallocate()
        start = moved
        capacity = larger
    }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        reserve(size)
        memcpy(start + count, text.utf8Start, size)
        count += size
    }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        reserve(1)
        start[count] = value
        count += 1
    }

    /// Appends two bytes. The caller must have reserved the space.
    @inline(__always)
    mutating func appendUnchecked(_ first: UInt8, _ second: UInt8) {
        start[count] = first
        start[count + 1] = second
        count += 2
    }

    @inline(__always)
    mutating func copy(_ source: UnsafePointer<UInt8>, _ size: Int) {
        reserve(size)
        memcpy(start + count, source, size)
        count += size
    }

    @inline(__always)
    mutating func copy(_ text: JSONText) { copy(text.start, text.count) }

    mutating func copy(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { buffer in
            if let base = buffer.baseAddress { copy(base, buffer.count) }
        }
    }

    /// Writes a string member. `opening` is the member's name and everything up to the string's first byte: `"uid":"`.
    @inline(__always)
    mutating func string(_ opening: StaticString, _ text: JSONText) {
        put(opening)
        copy(text)
        put("\",")
    }

    mutating func integer(_ value: Int64) {
        reserve(20)
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { buffer in
            var at = buffer.count
            var rest = value.magnitude
            repeat {
                at -= 1
                buffer[at] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
                rest /= 10
            } while rest != 0
            if value < 0 {
                at -= 1
                buffer[at] = UInt8(ascii: "-")
            }
            if let base = buffer.baseAddress { memcpy(start + count, base + at, buffer.count - at) }
            count += buffer.count - at
        }
    }

    /// Writes the inside of a JSON string that represents `size` bytes of valid JSON text.
    mutating func quoted(_ source: UnsafePointer<UInt8>, _ size: Int) {
        reserve(2 * size + 32)
        count += tributary_json_quote(source, size, start + count)
    }

    @inline(__always)
    mutating func endObject() { end(UInt8(ascii: "}")) }

    @inline(__always)
    mutating func endArray() { end(UInt8(ascii: "]")) }

    @inline(__always)
    private mutating func end(_ bracket: UInt8) {
        reserve(2)
        if start[count - 1] == UInt8(ascii: ",") { count -= 1 }
        start[count] = bracket
        start[count + 1] = UInt8(ascii: ",")
        count += 2
    }

    /// Closes the record, without a trailing comma.
    mutating func finish() {
        endObject()
        count -= 1
    }

    /// Undoes `finish`, so that the record can be continued.
    mutating func reopen() {
        goBack(to: count - 1)
        byte(UInt8(ascii: ","))
    }

    /// Writes a name that needs no escapes.
    mutating func text(_ name: String) {
        var name = name
        name.withUTF8 { buffer in
            if let base = buffer.baseAddress { copy(base, buffer.count) }
        }
    }

    /// Whether the last byte is an opening bracket.
    var isAtOpening: Bool { start[count - 1] == UInt8(ascii: "{") || start[count - 1] == UInt8(ascii: "[") }

    mutating func goBack(to mark: Int) { count = mark }

    /// Moves everything after `mark` and inserts `text` there.
    mutating func insert(_ text: StaticString, at mark: Int) {
        let size = text.utf8CodeUnitCount
        reserve(size)
        memmove(start + mark + size, start + mark, count - mark)
        memcpy(start + mark, text.utf8Start, size)
        count += size
    }
}

import CLinux
import Glibc

/// A growing byte buffer that keeps its memory when it is emptied. Everything that is written to disk is assembled in such a buffer.
final class ByteStore {
    private var memory: Memory
    private(set) var count = 0

    init(capacity: Int = 0) { memory = Memory(max(capacity, 64)) }

    deinit { memory.free() }

    var capacity: Int { memory.capacity }
    private var base: UnsafeMutableRawPointer { memory.base }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    func reserve(_ additional: Int) {
        guard count + additional > capacity else { return }
        // Mapped memory grows without a copy. So it grows in smaller steps, which leave less of it unused.
        let step = capacity >= Memory.mappedFrom ? capacity / 4 : capacity
        memory.grow(to: max(count + additional, capacity + step), keeping: count)
    }

    /// Free space after the bytes. Write into it, then call `advance` with the number of bytes written.
    func space(atLeast size: Int) -> UnsafeMutableRawBufferPointer {
        reserve(size)
        return UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
    }

    func advance(_ size: Int) {
        precondition(size >= 0 && count + size <= capacity)
        count += size
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    func append(byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends an integer in little-endian order.
    func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { append($0) }
    }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends a text, preceded by its length in bytes as an integer of the given type.
    func append<Length: FixedWidthInteger>(_ text: String, length: Length.Type) {
        append(Length(text.utf8.count))
        append(text)
    }

    func overwrite(at offset: Int, _ bytes: UnsafeRawBufferPointer) {
        precondition(offset >= 0 && offset + bytes.count <= count)
        guard let source = bytes.baseAddress else { return }
        (base + offset).copyMemory(from: source, byteCount: bytes.count)
    }

    func overwrite(at offset: Int, _ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { overwrite(at: offset, $0) }
    }

    /// Empties the buffer. Frees the memory that exceeds `limit` bytes.
    func removeAll(keeping limit: Int = .max) {
        count = 0
        guard capacity > limit else { return }
        memory.free()
        memory = Memory(max(limit, 64))
    }
}

extension ByteStore {
    /// The memory of a buffer. Large buffers are mapped outside the heap. On the heap, a growing buffer would leave a hole of its earlier size each
    /// time it grows.
    private struct Memory {
        static let mappedFrom = 256 << 10

        private(set) var base: UnsafeMutableRawPointer
        private(set) var capacity: Int

        init(_ wanted: Int) {
            guard wanted >= Self.mappedFrom else {
                base = .allocate(byteCount: wanted, alignment: 16)
                capacity = wanted
                return
            }
            capacity = Self.wholePages(wanted)
            let mapped = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            // If memory runs out, the process ends. A failed allocation on the heap ends it, too. Callers limit the sizes of buffers.
            guard let mapped, mapped != MAP_FAILED else { preconditionFailure("no memory for \(wanted) bytes") }
            base = mapped
        }

        /// Enlarges the memory and keeps its first `count` bytes. The kernel moves mapped memory without copying it.
        mutating func grow(to wanted: Int, keeping count: Int) {
            guard capacity >= Self.mappedFrom else {
                let larger = Memory(wanted)
                larger.base.copyMemory(from: base, byteCount: count)
                free()
                self = larger
                return
            }
            let size = Self.wholePages(wanted)
            let moved = tributary_remap(base, capacity, size)
            // The same as in `init`: without memory, the process ends.
            guard let moved, moved != MAP_FAILED else { preconditionFailure("no memory for \(wanted) bytes") }
            (base, capacity) = (moved, size)
        }

        private static func wholePages(_ bytes: Int) -> Int {
            let page = sysconf(Int32(_SC_PAGESIZE))
            return (bytes + page - 1) / page * page
        }

        func free() {
            if capacity >= Self.mappedFrom { munmap(base, capacity) } else { base.deallocate() }
        }
    }
}

/// Reads back what `ByteStore` wrote. Returns nil instead of reading past the end.
struct ByteCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) -> Integer? {
        let size = MemoryLayout<Integer>.size
        guard bytes.count - offset >= size else { return nil }
        defer { offset += size }
        return Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    mutating func text<Length: FixedWidthInteger>(length _: Length.Type) -> String? {
        guard let length = integer(Length.self), let count = Int(exactly: length), count <= bytes.count - offset
        else { return nil }
        defer { offset += count }
        return String(validating: bytes[offset..<offset + count], as: UTF8.self)
    }

    mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, count <= bytes.count - offset else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
}

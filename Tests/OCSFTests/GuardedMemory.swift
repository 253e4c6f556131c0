import Glibc
import Testing

/// Places the bytes directly before a page that can't be read, so that reading after them ends the process.
func withGuardedMemory(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let size = (bytes.count + page - 1) / page * page
    let memory = try #require(mmap(nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    try #require(memory != MAP_FAILED)
    defer { munmap(memory, size + page) }
    try #require(mprotect(memory + size, page, PROT_NONE) == 0)
    let start = memory + (size - bytes.count)
    start.copyMemory(from: bytes, byteCount: bytes.count)
    try body(UnsafeRawBufferPointer(start: start, count: bytes.count))
}

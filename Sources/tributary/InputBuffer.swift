import Glibc

/// Input that has been read but not processed yet. The buffer grows until it can hold the largest piece that must be in memory as a whole.
struct InputBuffer: ~Copyable {
    struct Failure: Error {
        let description: String
    }

    private static let piece = 1 << 20

    private let descriptor: Int32
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * piece, alignment: 16)
    private var count = 0
    /// The number of bytes dropped so far. This is also the position of the buffer's first byte in the input.
    private(set) var consumed = 0

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        memory.deallocate()
    }

    /// The buffer's contents; valid until the next `fill` or `drop`.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Reads more of the input.
    ///
    /// - Returns: whether the input has ended.
    mutating func fill() throws(Failure) -> Bool {
        if memory.count - count < Self.piece {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: memory.count * 2, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
            memory.deallocate()
            memory = larger
        }
        while true {
            let got = read(descriptor, memory.baseAddress.map { $0 + count }, memory.count - count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Failure(description: String(cString: strerror(errno))) }
            count += got
            return got == 0
        }
    }

    /// Drops the first bytes.
    mutating func drop(_ used: Int) {
        if let base = memory.baseAddress, used > 0 { memmove(base, base + used, count - used) }
        count -= used
        consumed += used
    }
}

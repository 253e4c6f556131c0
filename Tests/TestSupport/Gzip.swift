import CZlib

/// Compresses `bytes` into one member of gzip (RFC 1952), in this process. Empty if there is not enough memory.
package func gzip(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var stream = z_stream()
    guard tributary_gzip_deflate_init(&stream, 6) == Z_OK else { return [] }
    defer { deflateEnd(&stream) }
    var input = Array(bytes)
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(input.count))))
    let size = output.count
    let left: UInt32 = input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(target.count)
            _ = deflate(&stream, Z_FINISH)
            return stream.avail_out
        }
    }
    return Array(output.prefix(size - Int(left)))
}

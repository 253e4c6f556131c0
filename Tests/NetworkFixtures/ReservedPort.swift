import Glibc

/// A port of 127.0.0.1 on which no program listens. Until `release`, no other program can use it.
package final class ReservedPort {
    /// The number of the port. Connections to it are refused.
    package let port: UInt16
    private var descriptor: Int32?

    /// Nil if the kernel has no free port.
    package init?() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Releases the port, so that a program can listen on it.
    package func release() {
        descriptor.map { _ = close($0) }
        descriptor = nil
    }

    deinit { release() }
}

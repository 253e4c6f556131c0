import CSystemd
import Glibc

/// The socket that a `.socket` unit has bound for this service (sd_listen_fds(3)).
package enum ListeningSocket {
    /// Why the inherited descriptors can't be used.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The descriptor of the listening Unix stream socket that the service manager has passed; nil if it has passed none.
    ///
    /// - Throws: ``Failure`` if several sockets were passed, or a socket of another kind.
    package static func inherited() throws(Failure) -> Int32? {
        let count = sd_listen_fds(1)
        guard count > 0 else { return nil }
        // 3 is SD_LISTEN_FDS_START, the first descriptor that is passed (sd_listen_fds(3)).
        let descriptor: Int32 = 3
        guard count == 1, sd_is_socket_unix(descriptor, Int32(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
            throw Failure(
                description: "the .socket unit must pass one listening Unix stream socket, but has passed "
                    + "\(count == 1 ? "a socket of another kind" : "\(count) sockets"): correct the unit")
        }
        return descriptor
    }
}

import CSystemd
import Glibc

/// The socket that a `.socket` unit has bound for this service (sd_listen_fds(3)).
package enum ListeningSocket {
    /// Why the inherited descriptors can't be used.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The descriptor of the one listening Unix stream socket; nil when the process was started without any.
    ///
    /// - Throws: when there are several, or it is another kind of socket.
    package static func inherited() throws(Failure) -> Int32? {
        let count = sd_listen_fds(1)
        guard count > 0 else { return nil }
        // SD_LISTEN_FDS_START of sd_listen_fds(3).
        let descriptor: Int32 = 3
        guard count == 1, sd_is_socket_unix(descriptor, Int32(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
            throw Failure(
                description:
                    "the service manager has passed \(count) sockets; one listening Unix stream socket is expected")
        }
        return descriptor
    }
}

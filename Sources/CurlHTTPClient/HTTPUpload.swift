import Glibc

/// A file that is a request's body. It is read while it is sent, so it is never in memory as a whole.
package final class HTTPUpload: Sendable {
    /// Reads the file from `offset` on into `room`, and returns the number of bytes read: 0 at the end of the file, or if the file can't be read.
    package typealias Read = @Sendable (_ room: UnsafeMutableRawBufferPointer, _ offset: Int64) -> Int

    /// The number of bytes to send: the size of the file when it was opened.
    package let bytes: Int64
    private let readBytes: Read
    private let end: @Sendable () -> Void

    /// Opens the file at `path`.
    ///
    /// - Throws: ``Failure`` if the file can't be opened or is not a regular file.
    package convenience init(path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            let code = status.st_mode == 0 ? errno : EINVAL
            close(descriptor)
            throw Failure(code: code)
        }
        self.init(bytes: Int64(status.st_size)) { room, offset in
            while true {
                let count = pread(descriptor, room.baseAddress, room.count, off_t(offset))
                if count < 0, errno == EINTR { continue }
                return max(0, count)
            }
        } close: {
            close(descriptor)
        }
    }

    /// Creates an upload from an open file.
    ///
    /// - Parameter close: called once, when the file is no longer needed.
    package init(bytes: Int64, read: @escaping Read, close: @escaping @Sendable () -> Void) {
        self.bytes = bytes
        readBytes = read
        end = close
    }

    deinit { end() }

    /// The number of bytes read into `room`: 0 at the end of the file, or if the file can't be read.
    package func read(_ room: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int { readBytes(room, offset) }

    /// Why a file can't be sent: an errno.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package let code: Int32

        package var description: String { String(cString: strerror(code)) }
    }
}

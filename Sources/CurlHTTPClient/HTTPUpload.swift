import Glibc

/// A file that is a request's body. It is read while it is sent, so none of it is kept in memory.
package final class HTTPUpload: Sendable {
    /// Fills a buffer from an offset on, and returns how many bytes it has read: 0 at the end of the file and for one that can't be read.
    package typealias Read = @Sendable (_ room: UnsafeMutableRawBufferPointer, _ offset: Int64) -> Int

    /// Bytes that are sent: all that the file had when it was opened.
    package let bytes: Int64
    private let readBytes: Read
    private let end: @Sendable () -> Void

    /// Opens the file at `path`.
    ///
    /// - Throws: ``Failure`` for what can't be opened or is no regular file.
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

    /// An open file.
    ///
    /// - Parameter close: called once, when it is not needed any more.
    package init(bytes: Int64, read: @escaping Read, close: @escaping @Sendable () -> Void) {
        self.bytes = bytes
        readBytes = read
        end = close
    }

    deinit { end() }

    /// Bytes that were read into `room`; 0 at the end of the file and for one that can't be read.
    package func read(_ room: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int { readBytes(room, offset) }

    /// Why a file can't be sent: an errno.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package let code: Int32

        package var description: String { String(cString: strerror(code)) }
    }
}

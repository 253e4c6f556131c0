import Glibc

/// A file that is a request's body. It is read while it is sent, so none of it is kept in memory.
package final class HTTPUpload: Sendable {
    /// Bytes that are sent: all that the file had when it was opened.
    package let bytes: Int64
    private let descriptor: Int32

    /// Opens the file at `path`.
    ///
    /// - Throws: ``Failure`` for what can't be opened or is no regular file.
    package init(path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            let code = status.st_mode == 0 ? errno : EINVAL
            close(descriptor)
            throw Failure(code: code)
        }
        self.descriptor = descriptor
        bytes = Int64(status.st_size)
    }

    deinit { close(descriptor) }

    /// Bytes that were read into `room`; 0 at the end of the file and for one that can't be read.
    func read(_ room: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        while true {
            let count = pread(descriptor, room.baseAddress, room.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            return max(0, count)
        }
    }

    /// Why a file can't be sent: an errno.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package let code: Int32

        package var description: String { String(cString: strerror(code)) }
    }
}

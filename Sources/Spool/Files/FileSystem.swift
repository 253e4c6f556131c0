/// The names of a file system's operations, for errors and for test doubles that make one of them fail.
package enum FileOperation: String, Sendable, CaseIterable {
    case open, read, write, truncate, synchronize, size, lock, link, rename, unlink, list
    case status = "examine"
    case makeDirectory = "make directory"
    case removeDirectory = "remove directory"
    case synchronizeDirectory = "synchronize directory"
}

/// How a file is opened. Every mode except `read` allows reading and writing.
package enum FileAccess: Sendable {
    /// Opens an existing file for reading.
    case read
    /// Opens an existing file for reading and writing.
    case update
    /// Creates the file if it is missing; existing contents stay.
    case create
    /// Creates the file, or empties it if it exists.
    case replace
    /// Creates the file. It is an error if anything with this name exists (O_EXCL).
    case new
    /// Creates the file if it is missing. Only its owner may open it (0600), because any user who can open a file can lock it (flock(2)).
    case lock
}

/// An open file: its descriptor and its path.
package struct OpenFile: Sendable, Equatable {
    package let descriptor: Int32
    package let path: String

    package init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }
}

/// An entry of a directory.
package struct DirectoryEntry: Sendable, Equatable {
    package let name: String
    package let isDirectory: Bool

    package init(name: String, isDirectory: Bool) {
        self.name = name
        self.isDirectory = isDirectory
    }
}

/// What stat(2) says about a file. `size` is in bytes.
package struct FileStatus: Sendable, Equatable {
    package let size: Int64
    package let isDirectory: Bool
    /// True for a regular file; false for a directory, symbolic link, FIFO, socket or device.
    package let isRegular: Bool
    /// The owner's user id; nil if files have no owner, as in a test double.
    package let owner: UInt32?
    /// Seconds since 1970, by the host's clock; 0 in a test double that does not keep times.
    package let modifiedAt: Int64

    package init(
        size: Int64, isDirectory: Bool, isRegular: Bool? = nil, owner: UInt32? = nil, modifiedAt: Int64 = 0
    ) {
        self.size = size
        self.isDirectory = isDirectory
        self.isRegular = isRegular ?? !isDirectory
        self.owner = owner
        self.modifiedAt = modifiedAt
    }
}

/// Every disk operation that the spool performs. There are few operations, and they take plain paths and descriptors. The machine can stop before or
/// after any of them, and the spool must survive that.
///
/// Only what `synchronize` and `synchronizeDirectory` have confirmed is sure to survive a power cut. Before that, any subset of the operations may
/// have reached the disk, in any order. An implementation throws only `SpoolError.file`.
///
/// Except for `list` and `synchronizeDirectory` with a path, no operation follows a symbolic link in the last component of a path. Operations with
/// the parameter `in` take the descriptor of a directory (openat(2)). They are for directories in which other users may write. If such a directory
/// were named by its path, another user could replace it between two operations.
package protocol FileSystem: Sendable {
    func open(_ path: String, _ access: FileAccess) throws(SpoolError) -> OpenFile
    /// Closes a file. Never reports an error, because everything that must be durable was synchronized before.
    func close(_ file: OpenFile)
    /// Fills the buffer with bytes from this offset of the file. Returns how many bytes were read; 0 means the end of the file.
    func read(_ file: OpenFile, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SpoolError) -> Int
    /// Writes all bytes at an offset. If this throws, some of the bytes may have been written.
    func write(_ file: OpenFile, at offset: Int64, _ bytes: UnsafeRawBufferPointer) throws(SpoolError)
    func truncate(_ file: OpenFile, to length: Int64) throws(SpoolError)
    /// fdatasync(2): the contents, and the length needed to read them, are durable when it returns.
    func synchronize(_ file: OpenFile) throws(SpoolError)
    func size(_ file: OpenFile) throws(SpoolError) -> Int64
    /// Whether the file's path still leads to the file. If not, it was deleted, moved or replaced, and nobody finds what is written to it.
    func isAtPath(_ file: OpenFile) throws(SpoolError) -> Bool
    /// flock(2), exclusive, without waiting. Returns whether the lock was acquired. The kernel releases the lock when the last duplicate of this
    /// descriptor is closed.
    func lock(_ file: OpenFile) throws(SpoolError) -> Bool
    func rename(_ source: String, to target: String) throws(SpoolError)
    /// link(2): gives a file a second name. Returns false if that name exists already.
    func link(_ source: String, to target: String) throws(SpoolError) -> Bool
    func unlink(_ path: String) throws(SpoolError)
    /// Creates a directory. Returns false if it exists already.
    func makeDirectory(_ path: String) throws(SpoolError) -> Bool
    /// Removes an empty directory.
    func removeDirectory(_ path: String) throws(SpoolError)
    /// fsync(2) of a directory: the names made, renamed and removed in it are durable when it returns.
    func synchronizeDirectory(_ path: String) throws(SpoolError)
    func list(_ path: String) throws(SpoolError) -> [DirectoryEntry]
    /// The status of a file or directory; nil if nothing exists at the path.
    func status(_ path: String) throws(SpoolError) -> FileStatus?

    /// Opens a directory for the operations with the parameter `in`. Fails if the path is a symbolic link or a file.
    func openDirectory(_ path: String) throws(SpoolError) -> OpenFile
    func open(_ name: String, in directory: OpenFile, _ access: FileAccess) throws(SpoolError) -> OpenFile
    /// The status of an open file, even if the file's name refers to another file by now.
    func status(of file: OpenFile) throws(SpoolError) -> FileStatus
    /// The status of a directory's entry; nil if there is no entry of that name. A symbolic link is not followed.
    func status(_ name: String, in directory: OpenFile) throws(SpoolError) -> FileStatus?
    func rename(_ name: String, to target: String, in directory: OpenFile) throws(SpoolError)
    func unlink(_ name: String, in directory: OpenFile) throws(SpoolError)
    /// The entries of a directory; nil if there are more than `limit`.
    func list(_ directory: OpenFile, limit: Int) throws(SpoolError) -> [DirectoryEntry]?
    func synchronizeDirectory(_ directory: OpenFile) throws(SpoolError)
}

/// Default implementations that use paths instead of descriptors. They are enough for test doubles, in whose directories nobody else writes.
extension FileSystem {
    package func openDirectory(_ path: String) throws(SpoolError) -> OpenFile { OpenFile(descriptor: -1, path: path) }

    package func open(_ name: String, in directory: OpenFile, _ access: FileAccess) throws(SpoolError) -> OpenFile {
        try open("\(directory.path)/\(name)", access)
    }

    package func status(of file: OpenFile) throws(SpoolError) -> FileStatus {
        FileStatus(size: try size(file), isDirectory: false)
    }

    package func status(_ name: String, in directory: OpenFile) throws(SpoolError) -> FileStatus? {
        try status("\(directory.path)/\(name)")
    }

    package func rename(_ name: String, to target: String, in directory: OpenFile) throws(SpoolError) {
        try rename("\(directory.path)/\(name)", to: "\(directory.path)/\(target)")
    }

    package func unlink(_ name: String, in directory: OpenFile) throws(SpoolError) {
        try unlink("\(directory.path)/\(name)")
    }

    package func list(_ directory: OpenFile, limit: Int) throws(SpoolError) -> [DirectoryEntry]? {
        let entries = try list(directory.path)
        return entries.count > limit ? nil : entries
    }

    package func synchronizeDirectory(_ directory: OpenFile) throws(SpoolError) {
        try synchronizeDirectory(directory.path)
    }
}

extension FileSystem {
    /// Creates a directory and its missing parents, and makes their names durable.
    ///
    /// With `thorough`, the names of directories below `root` that exist already are synchronized, too. An earlier attempt may have created such a
    /// directory, and then failed or died before it synchronized the name.
    package func makeDirectories(_ path: String, below root: String, thorough: Bool) throws(SpoolError) {
        guard path != root, path.utf8.count > root.utf8.count, let parent = Path.parent(of: path) else { return }
        if !thorough, try status(path) != nil { return }
        try makeDirectories(parent, below: root, thorough: thorough)
        let isNew = try makeDirectory(path)
        if isNew || thorough { try synchronizeDirectory(parent) }
    }

    /// The whole contents of a small file; nil if it is missing.
    func contents(_ path: String, limit: Int) throws(SpoolError) -> [UInt8]? {
        guard let status = try status(path) else { return nil }
        guard status.size <= limit else {
            throw .damaged(path: path, reason: "the file has \(status.size) bytes, but at most \(limit) are allowed")
        }
        let file = try open(path, .read)
        defer { close(file) }
        guard try self.status(of: file).isRegular else {
            throw .damaged(path: path, reason: "the path is not a regular file")
        }
        return try bytes(file, from: 0, to: status.size)
    }

    /// The bytes of a file between two offsets; fewer if the file ends before `end`.
    package func bytes(_ file: OpenFile, from start: Int64, to end: Int64) throws(SpoolError) -> [UInt8] {
        let store = ByteStore(capacity: Int(max(0, end - start)))
        while start + Int64(store.count) < end {
            let missing = Int(end - start) - store.count
            // Limits the read to the missing bytes. The buffer may have more room than that, and the file may continue after `end`.
            let space = UnsafeMutableRawBufferPointer(rebasing: store.space(atLeast: missing).prefix(missing))
            let count = try read(file, at: start + Int64(store.count), into: space)
            if count == 0 { break }
            store.advance(count)
        }
        return Array(store.bytes)
    }
}

/// Operations on paths as text. The spool's own paths are absolute, without "." or "..".
enum Path {
    /// The parent directory; nil for "/" and for a name without a slash.
    static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), path.utf8.count > 1 else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Whether a path stays below the directory that it is appended to: it has no "..", no "." and no empty component.
    static func staysBelow(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
    }
}

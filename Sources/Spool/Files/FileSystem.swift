/// The names of a file system's operations, in errors and for test doubles that choose one.
package enum FileOperation: String, Sendable, CaseIterable {
    case open, read, write, truncate, synchronize, size, lock, link, rename, unlink, list, status
    case makeDirectory = "make directory"
    case removeDirectory = "remove directory"
    case synchronizeDirectory = "synchronize directory"
}

/// How a file is opened. All but `read` are for reading too.
package enum FileAccess: Sendable {
    /// An existing file, to read.
    case read
    /// An existing file, to write.
    case update
    /// A file that is made when it is missing; its contents stay.
    case create
    /// A file that is made or emptied.
    case replace
    /// A file that is made, and must not be there yet under any kind of name (O_EXCL).
    case new
    /// A file that is made when it is missing and that its owner alone may open (0600): who may open a file may lock it (flock(2)).
    case lock
}

/// An open file: its descriptor, and the path it was opened by, for errors.
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

/// What stat(2) tells of a file: length in bytes.
package struct FileStatus: Sendable, Equatable {
    package let size: Int64
    package let isDirectory: Bool
    /// Neither a directory nor a link, FIFO, socket or device.
    package let isRegular: Bool
    /// The user's number; nil where nobody owns files, as in a test double.
    package let owner: UInt32?
    /// Seconds since 1970, by the host's clock; 0 where nobody asks.
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

/// Every operation on disk that the spool performs: few, on plain paths and descriptors, each one a step at which a machine can stop.
///
/// Only what `synchronize` and `synchronizeDirectory` have confirmed survives a power cut; before that, any subset of the operations
/// may have reached the disk, in any order. The spool relies on no other ordering. An implementation throws `SpoolError.file` alone.
///
/// No operation follows a symbolic link in the last component of a path. The operations `in` a directory go by its descriptor (openat(2)):
/// they are for directories in which other users write, who may exchange names between two operations.
package protocol FileSystem: Sendable {
    func open(_ path: String, _ access: FileAccess) throws(SpoolError) -> OpenFile
    /// Closing can't fail in a way that matters: what must be durable was synchronized before.
    func close(_ file: OpenFile)
    /// Reads up to a buffer's length at an offset; 0 at the end of the file.
    func read(_ file: OpenFile, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SpoolError) -> Int
    /// Writes all bytes at an offset, or throws with any part of them written.
    func write(_ file: OpenFile, at offset: Int64, _ bytes: UnsafeRawBufferPointer) throws(SpoolError)
    func truncate(_ file: OpenFile, to length: Int64) throws(SpoolError)
    /// fdatasync(2): the contents, and the length needed to read them, are durable when it returns.
    func synchronize(_ file: OpenFile) throws(SpoolError)
    func size(_ file: OpenFile) throws(SpoolError) -> Int64
    /// Whether the file still has a name (st_nlink of fstat(2)): without one, what is written goes with the descriptor.
    func hasName(_ file: OpenFile) throws(SpoolError) -> Bool
    /// flock(2), exclusive, without waiting: whether the lock was had. It goes with the last descriptor of the opening.
    func lock(_ file: OpenFile) throws(SpoolError) -> Bool
    func rename(_ source: String, to target: String) throws(SpoolError)
    /// link(2): whether the second name was given; false when it is there already.
    func link(_ source: String, to target: String) throws(SpoolError) -> Bool
    func unlink(_ path: String) throws(SpoolError)
    /// Whether the directory was made; false when it is there already.
    func makeDirectory(_ path: String) throws(SpoolError) -> Bool
    /// Removes an empty directory.
    func removeDirectory(_ path: String) throws(SpoolError)
    /// fsync(2) of a directory: the names made, renamed and removed in it are durable when it returns.
    func synchronizeDirectory(_ path: String) throws(SpoolError)
    func list(_ path: String) throws(SpoolError) -> [DirectoryEntry]
    /// Nil when there is nothing at the path.
    func status(_ path: String) throws(SpoolError) -> FileStatus?

    /// Opens a directory itself, for the operations below; a link or a file of that name is refused.
    func openDirectory(_ path: String) throws(SpoolError) -> OpenFile
    func open(_ name: String, in directory: OpenFile, _ access: FileAccess) throws(SpoolError) -> OpenFile
    /// What an open file is, whatever its name stands for by now.
    func status(of file: OpenFile) throws(SpoolError) -> FileStatus
    /// Nil when there is nothing of that name. A link is not followed.
    func status(_ name: String, in directory: OpenFile) throws(SpoolError) -> FileStatus?
    func rename(_ name: String, to target: String, in directory: OpenFile) throws(SpoolError)
    func unlink(_ name: String, in directory: OpenFile) throws(SpoolError)
    /// The entries, or nil when there are more than `limit`.
    func list(_ directory: OpenFile, limit: Int) throws(SpoolError) -> [DirectoryEntry]?
    func synchronizeDirectory(_ directory: OpenFile) throws(SpoolError)
}

/// By paths: for test doubles, whose directories nobody else writes in.
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
    /// Makes a directory and those above it, and makes their names durable.
    ///
    /// With `thorough`, each name on the way below `root` is synchronized even where the directory is there already: an earlier try may have
    /// made it and died, or failed, before that.
    package func makeDirectories(_ path: String, below root: String, thorough: Bool) throws(SpoolError) {
        guard path != root, path.utf8.count > root.utf8.count, let parent = Path.parent(of: path) else { return }
        if !thorough, try status(path) != nil { return }
        try makeDirectories(parent, below: root, thorough: thorough)
        let isNew = try makeDirectory(path)
        if isNew || thorough { try synchronizeDirectory(parent) }
    }

    /// The whole of a small file, nil when it is missing.
    func contents(_ path: String, limit: Int) throws(SpoolError) -> [UInt8]? {
        guard let status = try status(path) else { return nil }
        guard status.size <= limit else {
            throw .damaged(path: path, reason: "\(status.size) bytes, expected at most \(limit)")
        }
        let file = try open(path, .read)
        defer { close(file) }
        guard try self.status(of: file).isRegular else {
            throw .damaged(path: path, reason: "it is not a regular file")
        }
        return try bytes(file, from: 0, to: status.size)
    }

    /// The bytes of a file between two offsets; fewer when the file ends before.
    func bytes(_ file: OpenFile, from start: Int64, to end: Int64) throws(SpoolError) -> [UInt8] {
        let store = ByteStore(capacity: Int(max(0, end - start)))
        while start + Int64(store.count) < end {
            let missing = Int(end - start) - store.count
            // There may be more room than that, and more in the file.
            let space = UnsafeMutableRawBufferPointer(rebasing: store.space(atLeast: missing).prefix(missing))
            let count = try read(file, at: start + Int64(store.count), into: space)
            if count == 0 { break }
            store.advance(count)
        }
        return Array(store.bytes)
    }
}

/// Paths as texts: the spool's own are plain, absolute ones without "." or "..".
enum Path {
    /// The path above, nil for "/" and for a name alone.
    static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), path.utf8.count > 1 else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Whether a path stays below the directory that it is appended to: no "..", no "." and nothing empty in it.
    static func staysBelow(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
    }
}

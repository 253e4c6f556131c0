import Glibc

/// Exclusive use of a directory by one process, for as long as this value lives. The lock is a flock(2) on a file in that directory. Only the file's
/// owner may open it. The kernel releases the lock when the process dies.
package final class DirectoryLock: Sendable {
    private let fileSystem: any FileSystem
    private let file: OpenFile

    package init(_ directory: String, name: String, _ fileSystem: any FileSystem) throws(SpoolError) {
        let file = try fileSystem.open("\(directory)/\(name)", .lock)
        self.fileSystem = fileSystem
        self.file = file
        // After this line, the deinitializer closes the file, even if this initializer throws.
        guard try fileSystem.lock(file) else {
            let holder = try? fileSystem.bytes(file, from: 0, to: 20)
            let process = holder.map { String(decoding: $0.prefix { $0 != 10 }, as: UTF8.self) }
            throw .locked(directory: directory, process: process?.isEmpty == false ? process : nil)
        }
        // Writes the process id, only so that the next process can show it in its error.
        let store = ByteStore()
        store.append("\(getpid())\n")
        try fileSystem.truncate(file, to: 0)
        try fileSystem.write(file, at: 0, store.bytes)
    }

    deinit { fileSystem.close(file) }
}

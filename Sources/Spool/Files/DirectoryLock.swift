import Glibc

/// Exclusive use of a directory by one process, as long as the value lives: flock(2) on a file in it, which nobody but
/// its owner may open. The kernel lets go when the process dies.
final class DirectoryLock: Sendable {
    private let fileSystem: any FileSystem
    private let file: OpenFile

    init(_ directory: String, name: String, _ fileSystem: any FileSystem) throws(SpoolError) {
        let file = try fileSystem.open("\(directory)/\(name)", .lock)
        self.fileSystem = fileSystem
        self.file = file
        // From here on the deinitializer closes the file, also when this throws.
        guard try fileSystem.lock(file) else {
            let holder = try? fileSystem.bytes(file, from: 0, to: 20)
            let process = holder.map { String(decoding: $0.prefix { $0 != 10 }, as: UTF8.self) }
            throw .locked(directory: directory, process: process?.isEmpty == false ? process : nil)
        }
        // For the word to the next one; nothing relies on it.
        let store = ByteStore()
        store.append("\(getpid())\n")
        try fileSystem.truncate(file, to: 0)
        try fileSystem.write(file, at: 0, store.bytes)
    }

    deinit { fileSystem.close(file) }
}

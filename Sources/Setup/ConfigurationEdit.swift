import Configuration
import Credentials
import Glibc

/// A change of configuration files. First, the new contents are set and checked as a whole. Then either all files are written, or none.
///
/// ```swift
/// var edit = try ConfigurationEdit(of: "/etc/tributary/tributary.yaml")
/// edit.put(record.yaml, into: edit.dropIn("acme.yaml"))
/// let configuration = try edit.load(context)   // the result of the change
/// let saved = try edit.save()
/// try saved.takeBack()                          // restores the files
/// ```
package struct ConfigurationEdit: Sendable {
    /// The path of the main file.
    package let path: String
    /// The new contents, in the order in which the files are read.
    package private(set) var sources: [ConfigurationSource]
    private let before: [String: ConfigurationSource]
    private var changed: [String] = []

    /// Reads the files as they are now.
    ///
    /// - Parameter path: the path of the main file, absolute.
    /// - Throws: ``ConfigurationError`` if a file can't be read.
    package init(of path: String) throws(ConfigurationError) {
        self.path = path
        sources = try ConfigurationSource.all(of: path)
        before = Dictionary(sources.map { ($0.file, $0) }) { first, _ in first }
    }

    /// The path of a file in `conf.d`.
    package func dropIn(_ name: String) -> String { Self.dropIn(name, of: path) }

    static func dropIn(_ name: String, of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "conf.d/\(name)" }
        return "\(path[..<slash])/conf.d/\(name)"
    }

    /// The new contents of a file; nil if there is none.
    package func source(_ file: String) -> ConfigurationSource? { sources.first { $0.file == file } }

    /// Sets the contents of a file, which may be a new one.
    package mutating func put(_ text: String, into file: String) {
        let source = ConfigurationSource(file: file, text: text)
        note(file)
        if let index = sources.firstIndex(where: { $0.file == file }) {
            sources[index] = source
        } else {
            // Drop-ins are read after the main file, in the byte order of their names.
            let index =
                sources.indices.dropFirst().first { file.utf8.lexicographicallyPrecedes(sources[$0].file.utf8) }
                ?? sources.endIndex
            sources.insert(source, at: index)
        }
    }

    /// Records that a file is to be removed.
    package mutating func remove(_ file: String) {
        note(file)
        sources.removeAll { $0.file == file }
    }

    private mutating func note(_ file: String) {
        if !changed.contains(file) { changed.append(file) }
    }

    /// The configuration that would result from the change.
    ///
    /// - Throws: ``ConfigurationError`` with the mistakes that the change would cause.
    package func load(_ context: ConfigurationContext) throws(ConfigurationError) -> Configuration {
        try Configuration.load(sources: sources, context: context)
    }

    /// Writes and removes the files, each in one step. Changed files keep their owner and mode. New files can be read by everyone.
    ///
    /// - Throws: `CredentialFileError` if a file can't be written or removed, if a new file already exists, or if a file was changed after it was
    ///   read. All files are then restored. If a file could not be restored, the error says so.
    package func save() throws(CredentialFileError) -> SavedEdit {
        var saved = SavedEdit()
        do throws(CredentialFileError) {
            for file in changed {
                let old = before[file]
                let new = source(file)
                guard old?.bytes != new?.bytes else { continue }
                try saved.change(file, from: old?.bytes, to: new?.bytes)
            }
        } catch {
            do throws(CredentialFileError) {
                try saved.takeBack()
            } catch let left {
                throw CredentialFileError("\(error); Tributary could not restore some of the files: \(left)")
            }
            throw error
        }
        return saved
    }
}

/// Configuration files that were changed, and can be restored.
package struct SavedEdit: Sendable {
    private struct Step {
        let directory: SafeDirectory
        let name: String
        /// The previous contents of the file; nil if the file did not exist.
        let old: (bytes: [UInt8], attributes: SafeDirectory.Attributes)?
        /// The bytes that were written; nil if the file was removed.
        let new: [UInt8]?

        func takeBack() throws(CredentialFileError) {
            let now = try present()
            // The file already has its old contents, so there is nothing to restore.
            if now == old?.bytes { return }
            guard now == new else {
                throw CredentialFileError(
                    "\(directory.path)/\(name) was not restored, because another process has changed it since")
            }
            if let old {
                try directory.replace(name, old.bytes, mode: old.attributes.mode, owner: old.attributes.owner)
            } else {
                try directory.removeSafely(name)
            }
        }

        /// The present contents of the file; nil if there is none.
        private func present() throws(CredentialFileError) -> [UInt8]? {
            guard directory.attributes(name) != nil else { return nil }
            return try directory.read(name, limit: SavedEdit.limit)
        }
    }

    private var steps: [Step] = []

    /// The files, in the order in which they were changed.
    package var files: [String] { steps.map { "\($0.directory.path)/\($0.name)" } }

    mutating func change(_ file: String, from old: [UInt8]?, to new: [UInt8]?) throws(CredentialFileError) {
        let slash = file.lastIndex(of: "/") ?? file.startIndex
        let directory = try SafeDirectory.made(String(file[..<slash]), mode: 0o755)
        let name = String(file[file.index(after: slash)...])
        guard let old else {
            guard let new else { return }
            try directory.create(name, new, mode: 0o644)
            return steps.append(Step(directory: directory, name: name, old: nil, new: new))
        }
        guard let attributes = directory.attributes(name), attributes.isRegular else {
            throw CredentialFileError("\(file) is a link, or not a regular file: change it by hand")
        }
        guard try directory.read(name, limit: Self.limit) == old else {
            throw CredentialFileError(
                "\(file) was changed by another process while this command ran: run the command again")
        }
        if let new {
            try directory.replace(name, new, mode: attributes.mode, owner: attributes.owner)
        } else {
            try directory.removeSafely(name)
        }
        steps.append(Step(directory: directory, name: name, old: (old, attributes), new: new))
    }

    /// Restores the files, except those that another process has changed since.
    ///
    /// - Throws: `CredentialFileError` if some files were not restored, with the reason for each of them. All other files are restored.
    package func takeBack() throws(CredentialFileError) {
        var problems: [String] = []
        for step in steps.reversed() {
            do throws(CredentialFileError) {
                try step.takeBack()
            } catch {
                problems.append(error.description)
            }
        }
        guard problems.isEmpty else { throw CredentialFileError(problems.joined(separator: "; ")) }
    }

    /// The maximum number of bytes that are read from a file. It is larger than the size limit of a configuration file.
    private static let limit = 2 << 20
}

extension SafeDirectory {
    /// Removes a file durably. It is not an error if the file is already gone.
    fileprivate func removeSafely(_ name: String) throws(CredentialFileError) {
        guard remove(name) || errno == ENOENT else {
            throw CredentialFileError("cannot remove \(path)/\(name): \(String(cString: strerror(errno)))")
        }
        let opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else { return }
        fsync(opened)
        close(opened)
    }
}

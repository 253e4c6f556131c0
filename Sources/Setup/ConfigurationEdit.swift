import Configuration
import Credentials
import Glibc

/// A change of configuration files: first what they are to say, which is checked as a whole, then the writing: all of it or none of it.
///
/// ```swift
/// var edit = try ConfigurationEdit(of: "/etc/tributary/tributary.yaml")
/// edit.put(record.yaml, into: edit.dropIn("acme.yaml"))
/// let configuration = try edit.load(context)   // as it would be
/// let saved = try edit.save()
/// try saved.takeBack()                          // the files as they were
/// ```
package struct ConfigurationEdit: Sendable {
    /// Of the main file.
    package let path: String
    /// As they are to be, in the order in which they are read.
    package private(set) var sources: [ConfigurationSource]
    private let before: [String: ConfigurationSource]
    private var changed: [String] = []

    /// Reads the files as they are now.
    ///
    /// - Parameter path: the main file's, absolute.
    /// - Throws: ``ConfigurationError`` when one can't be read.
    package init(of path: String) throws(ConfigurationError) {
        self.path = path
        sources = try ConfigurationSource.all(of: path)
        before = Dictionary(sources.map { ($0.file, $0) }) { first, _ in first }
    }

    /// The path of a file of `conf.d`.
    package func dropIn(_ name: String) -> String { Self.dropIn(name, of: path) }

    static func dropIn(_ name: String, of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "conf.d/\(name)" }
        return "\(path[..<slash])/conf.d/\(name)"
    }

    /// What a file is to say; nil for none.
    package func source(_ file: String) -> ConfigurationSource? { sources.first { $0.file == file } }

    /// Has a file say this, one that is there or a new one.
    package mutating func put(_ text: String, into file: String) {
        let source = ConfigurationSource(file: file, text: text)
        note(file)
        if let index = sources.firstIndex(where: { $0.file == file }) {
            sources[index] = source
        } else {
            // Drop-ins are read in the order of the bytes of their names, after the main file.
            let index =
                sources.indices.dropFirst().first { file.utf8.lexicographicallyPrecedes(sources[$0].file.utf8) }
                ?? sources.endIndex
            sources.insert(source, at: index)
        }
    }

    /// Has a file be removed.
    package mutating func remove(_ file: String) {
        note(file)
        sources.removeAll { $0.file == file }
    }

    private mutating func note(_ file: String) {
        if !changed.contains(file) { changed.append(file) }
    }

    /// The configuration as it would be.
    ///
    /// - Throws: ``ConfigurationError`` with what would be wrong.
    package func load(_ context: ConfigurationContext) throws(ConfigurationError) -> Configuration {
        try Configuration.load(sources: sources, context: context)
    }

    /// Writes and removes the files, each in one step. Changed ones keep their owner and mode; a new one is readable for all.
    ///
    /// - Throws: `CredentialFileError`, also for a new file whose name is taken and for one that was changed since it was read. All files are as
    ///   they were then; if one could not be taken back, the error says so.
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
                throw CredentialFileError("\(error); not all could be taken back: \(left)")
            }
            throw error
        }
        return saved
    }
}

/// Configuration files that were changed, and can be as they were.
package struct SavedEdit: Sendable {
    private struct Step {
        let directory: SafeDirectory
        let name: String
        /// Nil for a file that was not there.
        let old: (bytes: [UInt8], attributes: SafeDirectory.Attributes)?
        /// What was written; nil for a file that was removed.
        let new: [UInt8]?

        func takeBack() throws(CredentialFileError) {
            let now = try present()
            // Somebody has put it back already.
            if now == old?.bytes { return }
            guard now == new else {
                throw CredentialFileError("\(directory.path)/\(name) was changed meanwhile, and is left as it is")
            }
            if let old {
                try directory.replace(name, old.bytes, mode: old.attributes.mode, owner: old.attributes.owner)
            } else {
                try directory.removeSafely(name)
            }
        }

        /// What the file says now; nil where there is none.
        private func present() throws(CredentialFileError) -> [UInt8]? {
            guard directory.attributes(name) != nil else { return nil }
            return try directory.read(name, limit: SavedEdit.limit)
        }
    }

    private var steps: [Step] = []

    /// The files, in the order of their change.
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
            throw CredentialFileError("\(file) is a link, or no file: change it by hand")
        }
        guard try directory.read(name, limit: Self.limit) == old else {
            throw CredentialFileError("\(file) was changed meanwhile: run the command again")
        }
        if let new {
            try directory.replace(name, new, mode: attributes.mode, owner: attributes.owner)
        } else {
            try directory.removeSafely(name)
        }
        steps.append(Step(directory: directory, name: name, old: (old, attributes), new: new))
    }

    /// Brings the files back as they were. A file that somebody else has changed since is left as it is.
    ///
    /// - Throws: after every file was tried, with what is wrong with each of those that are not as they were.
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

    /// Bytes of a file: more than a configuration file may have.
    private static let limit = 2 << 20
}

extension SafeDirectory {
    /// Removes a file, so that it is gone after a power cut too. One that is gone already is no error.
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

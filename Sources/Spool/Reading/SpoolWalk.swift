/// A file below the spool's directory.
package struct SpoolFile: Sendable, Equatable {
    /// Relative to the spool's directory.
    package let path: String
    package let bytes: Int64
    /// Nil if the file name is not a segment's.
    package let compression: Compression?
    /// Wall-clock milliseconds from the file name; nil if Tributary did not choose that name.
    package let sealedAt: Int64?
}

/// Visits every file below the integrations' directories of a spool and below `_rejected/`. A directory that vanishes meanwhile counts as empty.
/// Other directories, such as a file system's `lost+found`, are not read.
struct SpoolWalk {
    let fileSystem: any FileSystem
    let directory: String

    func files(_ body: (SpoolFile) throws(SpoolError) -> Void) throws(SpoolError) {
        for entry in try list(directory) where entry.isDirectory {
            guard entry.name == "_rejected" || entry.name.hasPrefix("integration=") else { continue }
            try visit(entry.name, depth: 1, body)
        }
    }

    func files(of integration: String, _ body: (SpoolFile) throws(SpoolError) -> Void) throws(SpoolError) {
        for top in ["integration=\(integration)", "_rejected/integration=\(integration)"] {
            try visit(top, depth: 1, body)
        }
    }

    /// The directories of an integration's segments and all their parents up to the spool's directory, parents first. The paths are relative to the
    /// spool's directory, whose own path is empty.
    func directories(of integration: String) throws(SpoolError) -> [String] {
        var found = [""]
        for top in ["integration=\(integration)", "_rejected/integration=\(integration)"]
        where try fileSystem.status("\(directory)/\(top)") != nil {
            if let parent = Path.parent(of: top), !parent.isEmpty, !found.contains(parent) { found.append(parent) }
            var inner = [(path: top, depth: 1)]
            while let (path, depth) = inner.popLast() {
                found.append(path)
                guard depth < Self.depthLimit else { continue }
                for entry in try list("\(directory)/\(path)") where entry.isDirectory {
                    inner.append(("\(path)/\(entry.name)", depth + 1))
                }
            }
        }
        return found
    }

    /// Total size of all files below a directory, whoever created them. Bytes.
    func bytes(below path: String, depth: Int = 0) throws(SpoolError) -> Int64 {
        guard depth <= Self.depthLimit else { return 0 }
        var total: Int64 = 0
        for entry in try list(path) {
            let inner = "\(path)/\(entry.name)"
            total +=
                entry.isDirectory ? try bytes(below: inner, depth: depth + 1) : try fileSystem.status(inner)?.size ?? 0
        }
        return total
    }

    /// The maximum depth: enough for `_rejected`, `integration=`, four partition keys, and some directories that others created.
    private static let depthLimit: Int = 12

    private func visit(
        _ path: String, depth: Int, _ body: (SpoolFile) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        guard depth <= Self.depthLimit else { return }
        for entry in try list("\(directory)/\(path)") {
            let inner = "\(path)/\(entry.name)"
            if entry.isDirectory {
                try visit(inner, depth: depth + 1, body)
            } else if let status = try fileSystem.status("\(directory)/\(inner)") {
                let sealedAt = SealedSegment.sealingTime(fileName: entry.name)
                let compression = Compression(fileName: entry.name)
                try body(SpoolFile(path: inner, bytes: status.size, compression: compression, sealedAt: sealedAt))
            }
        }
    }

    private func list(_ path: String) throws(SpoolError) -> [DirectoryEntry] {
        do {
            return try fileSystem.list(path)
        } catch {
            if try fileSystem.status(path) == nil { return [] }
            throw error
        }
    }
}

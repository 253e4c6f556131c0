/// Deletes sealed segments by the age of their sealing, oldest first. Never touches a journal or a staged file.
struct Retention {
    /// Segments that one pass remembers; more are left to the next.
    static let passLimit: Int = 50_000
    let fileSystem: any FileSystem
    let directory: String

    /// Deletes, or with `dryRun` only names, what was sealed before `cutoff` (wall-clock milliseconds). A file that another has deleted is passed over.
    func prune(before cutoff: Int64, dryRun: Bool) throws(SpoolError) -> [SpoolFile] {
        var old: [SpoolFile] = []
        try SpoolWalk(fileSystem: fileSystem, directory: directory).files { (file) throws(SpoolError) in
            if let sealedAt = file.sealedAt, sealedAt < cutoff, old.count < Self.passLimit { old.append(file) }
        }
        old.sort { ($0.sealedAt ?? 0, $0.path) < ($1.sealedAt ?? 0, $1.path) }
        guard !dryRun else { return old }
        var deleted: [SpoolFile] = []
        for file in old {
            let path = "\(directory)/\(file.path)"
            do {
                try fileSystem.unlink(path)
                deleted.append(file)
            } catch {
                if try fileSystem.status(path) != nil { throw error }
            }
            // Its day is over when the last segment goes; a late event makes the directory again.
            if let parent = Path.parent(of: path) { try? fileSystem.removeDirectory(parent) }
        }
        return deleted
    }
}

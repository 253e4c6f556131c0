import Delivery
import FoundationEssentials
import Spool

/// The directory of an export, in the layout that Amazon Security Lake requires of custom sources ("Collecting data from custom sources" in its
/// user guide): a separate source for each OCSF class.
struct ParquetTarget {
    let directory: String
    let region: String
    let account: String
    let sourcePrefix: String
    private let fileSystem = PosixFileSystem()
    /// The lock on the directory. Without it, two exports into one directory would write the same temporary file.
    private let lock: OpenFile

    /// Throws `refused` if another export is writing to the directory, and `file` if the directory or its lock can't be used.
    init(directory: String, region: String, account: String, sourcePrefix: String) throws(SpoolError) {
        let absolute = URL(fileURLWithPath: directory).standardizedFileURL.path
        self.directory = absolute
        self.region = region
        self.account = account
        self.sourcePrefix = sourcePrefix
        if try fileSystem.status(absolute) == nil {
            try fileSystem.makeDirectories(absolute, below: "/", thorough: false)
        }
        lock = try fileSystem.open("\(absolute)/.tributary-export.lock", .lock)
        guard try fileSystem.lock(lock) else {
            throw .refused(
                "another export is writing into \(absolute): wait until it ends, or choose another directory")
        }
    }

    /// The temporary file. If the export is killed, the next export overwrites it. Lakes ignore names that begin with a dot.
    var temporary: String { "\(directory)/.tributary-export" }

    /// The path of a segment's file; nil for a partition without class or date. The path is the same in every export, because it contains the
    /// segment's unique name.
    func path(of segment: SealedSegment) -> String? {
        guard let className = segment.partition["class"], let date = segment.partition["date"] else { return nil }
        let layout = SecurityLakeLayout(region: region, account: account, source: sourcePrefix)
        return layout.path(segment: segment.path, className: className, date: date).map { "\(directory)/\($0)" }
    }

    func holds(_ path: String) throws(SpoolError) -> Bool { try fileSystem.status(path) != nil }

    /// Durably renames the temporary file, which is already synced.
    func publish(_ path: String) throws(SpoolError) {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        // With `thorough`, existing directories are synced, too, because a killed export may have made them without syncing.
        try fileSystem.makeDirectories(parent, below: directory, thorough: true)
        try fileSystem.rename(temporary, to: path)
        try fileSystem.synchronizeDirectory(parent)
    }
}

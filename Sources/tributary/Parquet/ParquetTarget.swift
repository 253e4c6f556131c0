import Delivery
import FoundationEssentials
import Spool

/// Where the files of an export go: the layout that Amazon Security Lake asks of custom sources ("Collecting data from custom sources" in its
/// user guide), which has a source of its own for each OCSF class.
struct ParquetTarget {
    let directory: String
    let region: String
    let account: String
    let sourcePrefix: String
    private let fileSystem = PosixFileSystem()
    /// Two exports into one directory would write the same temporary file.
    private let lock: OpenFile

    /// Throws `refused` while another export writes there, and `file`.
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
                "another export writes into \(absolute): wait for its end, or give this one a directory of its own")
        }
    }

    /// Written over by the next export when one was killed; no lake takes a name that begins with a dot.
    var temporary: String { "\(directory)/.tributary-export" }

    /// A segment's file, always the same: its name is that of the segment, which no other has. Nil for a partition without class or date.
    func path(of segment: SealedSegment) -> String? {
        guard let className = segment.partition["class"], let date = segment.partition["date"] else { return nil }
        let layout = SecurityLakeLayout(region: region, account: account, source: sourcePrefix)
        return layout.path(segment: segment.path, className: className, date: date).map { "\(directory)/\($0)" }
    }

    func holds(_ path: String) throws(SpoolError) -> Bool { try fileSystem.status(path) != nil }

    /// Gives the temporary file, which is synced, its name, durably.
    func publish(_ path: String) throws(SpoolError) {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        // Thorough: an export that was killed may have made them without syncing.
        try fileSystem.makeDirectories(parent, below: directory, thorough: true)
        try fileSystem.rename(temporary, to: path)
        try fileSystem.synchronizeDirectory(parent)
    }
}

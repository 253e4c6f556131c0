import FoundationEssentials
import Glibc

/// `SPOOL/_acks`, where loaders say how far they have come. A loader writes there as a member of the spool's group; the daemon only reads.
///
/// Whatever is in it and can't be read stands for a loader that has acknowledged nothing: `all` throws, and nobody deletes anything.
package struct AcknowledgementFiles: Sendable {
    package static let directoryName = "_acks"
    /// Loaders of one spool.
    static let loaderLimit = 256
    /// Bytes of an acknowledgement: far more than one has.
    private static let sizeLimit = 4 << 10
    private static let suffix = ".json"
    /// How long another acknowledgement is waited for. Milliseconds.
    private static let patience = 5_000

    let fileSystem: any FileSystem
    let spool: String
    private let manifest: ManifestScan

    package init(spool: String, fileSystem: any FileSystem = PosixFileSystem()) {
        self.spool = spool
        self.fileSystem = fileSystem
        manifest = ManifestScan(fileSystem, directory: spool)
    }

    package var directory: String { "\(spool)/\(Self.directoryName)" }

    /// All loaders by name. Throws `refused` for a file that is no acknowledgement, and for one that the manifest does not agree with.
    package func all() throws(SpoolError) -> [Acknowledgement] {
        guard try fileSystem.status(directory) != nil else { return [] }
        let names = try fileSystem.list(directory).map(\.name).filter { !$0.hasPrefix(".") }.sorted()
        guard names.count <= Self.loaderLimit else { throw .tooMuch(what: "loaders", limit: Self.loaderLimit) }
        let bounds = try manifest.bounds()
        var found: [Acknowledgement] = []
        for name in names {
            guard let acknowledgement = try read(name) else { continue }
            try check(acknowledgement, bounds)
            found.append(acknowledgement)
        }
        return found
    }

    /// One loader's, whatever is the matter with the others; nil for one that isn't registered. Throws `refused` as `all` does.
    package func acknowledgement(of loader: String) throws(SpoolError) -> Acknowledgement? {
        try Acknowledgement.checkName(loader)
        guard let found = try read(loader + Self.suffix) else { return nil }
        try check(found, try manifest.bounds())
        return found
    }

    /// Records that a loader has everything up to a position, durably. Returns what is on disk now.
    ///
    /// Throws `refused` for a position that makes no sense, and for a name.
    @discardableResult
    package func acknowledge(_ loader: String, through sequence: Int64, at wall: Int64) throws(SpoolError)
        -> Acknowledgement
    {
        try Acknowledgement.checkName(loader)
        let lock = try lock()
        defer { fileSystem.close(lock) }
        let name = loader + Self.suffix
        let earlier = try read(name)
        if let objection = Acknowledgement.objection(
            to: sequence, after: earlier?.sequence, in: try manifest.bounds(), loader: loader)
        {
            throw .refused(objection)
        }
        if let earlier, earlier.sequence == sequence { return earlier }
        if earlier == nil, try fileSystem.list(directory).count >= Self.loaderLimit {
            throw .tooMuch(what: "loaders", limit: Self.loaderLimit)
        }
        // A line is visible a moment before it is durable; after a power cut its position could be another segment's.
        try manifest.synchronize()
        var path = ""
        if sequence > 0 {
            guard let line = try manifest.line(at: sequence) else {
                throw .refused("the manifest has no whole line at position \(sequence): acknowledge one that it has")
            }
            path = line.path
        }
        let next = Acknowledgement(
            loader: loader, sequence: sequence, path: path, acknowledgedAt: CivilTime(milliseconds: wall).rfc3339)
        try write(next, name)
        return next
    }

    /// Forgets a loader, also one whose file can't be read: nothing waits for it any longer. Throws `refused` for one that isn't there.
    package func remove(_ loader: String) throws(SpoolError) {
        try Acknowledgement.checkName(loader)
        let path = "\(directory)/\(loader)\(Self.suffix)"
        guard try fileSystem.status(path) != nil else { throw .refused("there is no loader \(loader)") }
        try fileSystem.unlink(path)
        try fileSystem.synchronizeDirectory(directory)
    }

    /// Nil for a file that is gone meanwhile.
    private func read(_ name: String) throws(SpoolError) -> Acknowledgement? {
        let path = "\(directory)/\(name)"
        guard let status = try fileSystem.status(path) else { return nil }
        guard !status.isDirectory, status.size <= Self.sizeLimit else {
            throw unbelievable(name, "it is too large, or no file")
        }
        guard let bytes = try fileSystem.contents(path, limit: Self.sizeLimit) else { return nil }
        guard name.hasSuffix(Self.suffix),
            let found = try? JSONDecoder().decode(Acknowledgement.self, from: Data(bytes)),
            found.loader + Self.suffix == name, found.sequence >= 0
        else { throw unbelievable(name, "it is not what `tributary spool ack` writes") }
        guard found.format <= Acknowledgement.currentFormat else {
            throw .newerFormat(
                path: path, found: UInt32(clamping: found.format), supported: UInt32(Acknowledgement.currentFormat))
        }
        return found
    }

    private func check(_ acknowledgement: Acknowledgement, _ bounds: ClosedRange<Int64>?) throws(SpoolError) {
        let sequence = acknowledgement.sequence
        // What was dropped from the manifest's beginning can't be looked up, and can't be deleted by it either.
        guard sequence > 0, sequence >= bounds?.lowerBound ?? 0 else { return }
        guard try manifest.line(at: sequence)?.path == acknowledgement.path else {
            throw unbelievable(
                acknowledgement.loader + Self.suffix,
                "position \(sequence) of the manifest is not the segment that was acknowledged")
        }
    }

    private func unbelievable(_ name: String, _ reason: String) -> SpoolError {
        .refused(
            "the acknowledgement \(directory)/\(name) can't be believed: \(reason). Take it out with "
                + "`tributary spool ack --loader NAME --remove`, and let the loader begin again")
    }

    private func write(_ acknowledgement: Acknowledgement, _ name: String) throws(SpoolError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let text = try? encoder.encode(acknowledgement) else {
            throw .refused("the acknowledgement can't be written as JSON")
        }
        // One name a loader: what a killed process left is written over.
        let temporary = "\(directory)/.\(acknowledgement.loader).new"
        let file = try fileSystem.open(temporary, .replace)
        defer { fileSystem.close(file) }
        let store = ByteStore()
        store.append(String(decoding: text, as: UTF8.self) + "\n")
        try fileSystem.write(file, at: 0, store.bytes)
        try fileSystem.synchronize(file)
        try fileSystem.rename(temporary, to: "\(directory)/\(name)")
        try fileSystem.synchronizeDirectory(directory)
    }

    /// flock(2) on the directory: what was acknowledged before is read and replaced by one process at a time.
    private func lock() throws(SpoolError) -> OpenFile {
        let file = try fileSystem.open(directory, .read)
        for _ in 0..<Self.patience / 10 {
            if try fileSystem.lock(file) { return file }
            usleep(10_000)
        }
        fileSystem.close(file)
        throw .refused("another acknowledgement is under way for \(Self.patience / 1_000) s and does not end")
    }
}

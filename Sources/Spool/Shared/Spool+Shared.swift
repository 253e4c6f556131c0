/// Where a generation of a shared spool begins. Stored together with the decision of the seal that begins the generation.
package struct SharedBeginning: Sendable, Equatable {
    package var generation: UInt64
    package var cursor: String
    /// The encoded identity windows as of that seal.
    package var windows: [UInt8]

    package init(generation: UInt64, cursor: String, windows: [UInt8]) {
        self.generation = generation
        self.cursor = cursor
        self.windows = windows
    }
}

/// Journals of a shared spool, before their writers are opened.
extension Spool {
    /// The newest generation that this host has of an integration; nil if there is none.
    package func generation(of integration: String) throws(SpoolError) -> UInt64? {
        let directory = journals(integration)
        guard try fileSystem.status(directory) != nil else { return nil }
        return try fileSystem.list(directory).compactMap { Journal.generation(fileName: $0.name) }.max()
    }

    /// Begins the given generation with an empty journal. An older journal of the integration is removed: its records are in segments by now, or
    /// will be collected again.
    ///
    /// - Returns: the number of unsealed records in the older journal; 0 if there is no older journal or it can't be read.
    ///
    /// Throws `writerInUse`, `invalidName`, `damaged` if the windows are damaged, `newerFormat` if a newer Tributary wrote the windows, or `file` if
    /// a file can't be read or written.
    package func begin(
        _ integration: String, at beginning: SharedBeginning, scratch: SpoolScratch, now: SpoolInstant
    ) throws(SpoolError) -> Int {
        try PartitionPath.checkIntegration(integration)
        guard !isInUse(integration) else { throw .writerInUse(integration: integration) }
        let directory = journals(integration)
        try fileSystem.makeDirectories(directory, below: settings.stateDirectory, thorough: true)
        let older = try fileSystem.list(directory).compactMap { Journal.generation(fileName: $0.name) }
        let dropped = records(of: integration, older.max(), scratch)
        let windows = try windows(beginning)
        let header = JournalHeader(
            spoolID: id, integration: integration, generation: beginning.generation, created: now.wall,
            compression: settings.compression, cursor: beginning.cursor,
            seal: SealPlan(generation: beginning.generation - 1, manifest: manifest.end, segments: []))
        let journal = try Journal.prepare(header, windows, in: directory, scratch, fileSystem)
        defer { fileSystem.close(journal.log.file) }
        try journal.publish(in: directory, fileSystem)
        for generation in older where generation != beginning.generation {
            try fileSystem.unlink("\(directory)/\(Journal.fileName(generation))")
        }
        return dropped
    }

    private func journals(_ integration: String) -> String { "\(settings.stateDirectory)/integrations/\(integration)" }

    /// The number of unsealed records in a journal, for a report. An unreadable journal is no error here: it counts as 0.
    private func records(of integration: String, _ generation: UInt64?, _ scratch: SpoolScratch) -> Int {
        guard let generation else { return 0 }
        let recovery = JournalRecovery(
            spool: self, integration: integration, scratch: scratch, facts: .unknown, confirmed: nil)
        guard let found = try? recovery.read(generation) else { return 0 }
        fileSystem.close(found.journal.log.file)
        return found.report.recordsRecovered
    }

    private func windows(_ beginning: SharedBeginning) throws(SpoolError) -> IdentityWindows {
        let outcome = beginning.windows.withUnsafeBytes { bytes -> Result<IdentityWindows, SpoolError> in
            var cursor = ByteCursor(bytes)
            let what = "the object with the identities of generation \(beginning.generation)"
            guard let version = cursor.integer(UInt32.self) else {
                return .failure(.damaged(path: what, reason: "the identities are incomplete"))
            }
            guard version <= JournalHeader.version else {
                return .failure(.newerFormat(path: what, found: version, supported: JournalHeader.version))
            }
            guard let windows = IdentityWindows(&cursor, version: version), cursor.isAtEnd else {
                return .failure(.damaged(path: what, reason: "the identities have an invalid encoding"))
            }
            return .success(windows)
        }
        return try outcome.get()
    }
}

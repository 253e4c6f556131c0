/// The newest journal of each integration, according to the file names in the state directory.
struct NewestJournals {
    private var journals: [(integration: String, directory: String, generations: [UInt64])] = []

    var isEmpty: Bool { journals.isEmpty }
    var integrations: [String] { journals.map(\.integration) }

    init(_ directory: String, _ fileSystem: any FileSystem) throws(SpoolError) {
        guard try fileSystem.status(directory) != nil else { return }
        for entry in try fileSystem.list(directory).sorted(by: { $0.name < $1.name }) where entry.isDirectory {
            let path = "\(directory)/\(entry.name)"
            // An error in one integration's files is reported when its writer is opened. Here, it must not stop the other integrations.
            let files = (try? fileSystem.list(path)) ?? []
            let generations = files.compactMap { Journal.generation(fileName: $0.name) }.sorted()
            if !generations.isEmpty { journals.append((entry.name, path, generations)) }
        }
    }

    /// The greatest manifest position that any of these journals knows; at least `found`. Usually, only the first few bytes of a journal are read. If
    /// these bytes contain a greater position than those found so far, the complete header is read and its checksum verified.
    func manifestSequence(above found: Int64, _ spoolID: [UInt8], _ fileSystem: any FileSystem) -> Int64 {
        var greatest = found
        for (integration, directory, generations) in journals {
            guard let newest = generations.last,
                let file = try? fileSystem.open("\(directory)/\(Journal.fileName(newest))", .read)
            else { continue }
            defer { fileSystem.close(file) }
            let glance = (try? fileSystem.bytes(file, from: 0, to: Int64(JournalHeader.glanceLength))) ?? []
            let isSealFinished = generations.dropLast().last != newest - 1
            guard
                let told = glance.withUnsafeBytes({ JournalHeader.manifestSequence($0, isSealFinished: isSealFinished) }
                ),
                told > greatest,
                let (header, _, _, _) = try? JournalReader(fileSystem: fileSystem, file: file)
                    .header(spoolID: spoolID, integration: integration)
            else { continue }
            greatest = max(greatest, header.manifestSequence(isSealFinished: isSealFinished) ?? 0)
        }
        return greatest
    }
}

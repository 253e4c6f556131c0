import Digests
import FoundationEssentials

/// `SPOOL/_spool.json`: the file that makes a directory a spool. Each journal contains the id, too. So a journal of another spool is recognized, even
/// if the journals are on another file system.
struct SpoolIdentity: Codable, Equatable {
    static let format: UInt32 = 1

    var format: UInt32
    /// 32 hexadecimal digits.
    var id: String
    var created: String

    /// A new random id of 16 bytes.
    static func random() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Reads the file. Creates it if the directory has no such file.
    ///
    /// - Parameter shared: in a fleet, the id of the fleet's spool. An existing file must have this id, and a new file gets it. Nil without a fleet:
    ///   a new file gets a random id.
    static func open(
        _ directory: String, shared: [UInt8]? = nil, now: SpoolInstant, _ fileSystem: any FileSystem
    ) throws(SpoolError) -> (identity: SpoolIdentity, id: [UInt8]) {
        let path = "\(directory)/_spool.json"
        if let contents = try fileSystem.contents(path, limit: 64 << 10) {
            let identity: SpoolIdentity
            do {
                identity = try JSONDecoder().decode(SpoolIdentity.self, from: Data(contents))
            } catch {
                throw .damaged(path: path, reason: "the file is not valid JSON")
            }
            guard identity.format <= format else {
                throw .newerFormat(path: path, found: identity.format, supported: format)
            }
            guard let id = Hexadecimal.bytes(identity.id), id.count == 16 else {
                throw .damaged(path: path, reason: "the id is not 32 hexadecimal digits")
            }
            if let shared, shared != id {
                throw .refused(
                    "\(directory) belongs to spool \(identity.id), but the fleet's spool is \(Hexadecimal.text(shared)): set "
                        + "spool.directory and state_directory to new directories on this host, or correct fleet.log"
                )
            }
            return (identity, id)
        }
        let id = shared ?? random()
        let identity = SpoolIdentity(
            format: format, id: Hexadecimal.text(id), created: CivilTime(milliseconds: now.wall).rfc3339)
        let text = "{\"format\":\(identity.format),\"id\":\"\(identity.id)\",\"created\":\"\(identity.created)\"}\n"
        let file = try fileSystem.open("\(directory)/_spool.json.tmp", .replace)
        defer { fileSystem.close(file) }
        let store = ByteStore()
        store.append(text)
        try fileSystem.write(file, at: 0, store.bytes)
        try fileSystem.synchronize(file)
        try fileSystem.rename("\(directory)/_spool.json.tmp", to: path)
        try fileSystem.synchronizeDirectory(directory)
        return (identity, id)
    }
}

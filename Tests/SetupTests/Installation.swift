import Configuration
import Foundation
import TestSupport

@testable import Setup

/// A temporary directory with a configuration, like /etc/tributary. It is removed at the end of the test.
final class Installation: Sendable {
    let path: String
    var main: String { path + "/tributary.yaml" }

    init(_ text: String = "record: {raw_data: true}\n", dropIns: [String: String] = [:]) throws {
        path = FileManager.default.temporaryDirectory.path + "/tributary-setup-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path + "/conf.d", withIntermediateDirectories: true)
        try write("tributary.yaml", text)
        for (name, text) in dropIns { try write("conf.d/\(name)", text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
    }

    func read(_ name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    /// The contents of all files. The keys are the paths below the directory.
    func files() throws -> [String: String] {
        var found: [String: String] = [:]
        for case let name as String in FileManager.default.enumerator(atPath: path) ?? FileManager.DirectoryEnumerator()
        {
            if let text = read(name) { found[name] = text }
        }
        return found
    }

    var context: ConfigurationContext {
        get throws {
            ConfigurationContext(environment: [:], today: try CalendarDate(parsing: "2026-11-23"), secrets: .warned)
        }
    }

    func load() throws -> Configuration { try Configuration.load(path: main, context: try context) }
}

import Foundation
import Glibc

/// A program of the system that a test runs in the foreground, with a directory of its own that goes with it.
package final class FixtureProcess {
    /// Its files; removed at the end.
    package let directory: URL
    private var process: Process?

    /// Makes the directory; nothing runs yet.
    package init(_ name: String) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "tributary-\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { stop() }

    /// The path of a file in the directory.
    package func path(_ file: String) -> String { directory.appending(path: file).path }

    /// The text of a file in the directory; empty when there is none.
    package func text(_ file: String) -> String { (try? String(contentsOfFile: path(file), encoding: .utf8)) ?? "" }

    /// Starts the program and returns when somebody accepts on the port of `address`.
    package func start(
        _ program: String, _ arguments: [String], log: String? = nil, listeningOn port: UInt16, of address: String
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = try log.map { name in
            try Data().write(to: URL(fileURLWithPath: path(name)))
            return try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
        }
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = output ?? FileHandle.nullDevice
        try process.run()
        self.process = process
        while !LoopbackServer.isListening(port, of: address) {
            guard process.isRunning else { throw CocoaError(.executableLoad) }
            usleep(5000)
        }
    }

    /// Ends the program and removes the directory.
    package func stop() {
        if let process, process.isRunning {
            // Not SIGTERM: the child has the blocked signals of the thread that started it.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        process = nil
        try? FileManager.default.removeItem(at: directory)
    }

    /// Runs a program to its end.
    package static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }
}

import Foundation
import Glibc

/// A program of this machine, such as nginx, that a test runs in the foreground, with a temporary directory. `stop` ends the program and removes
/// the directory.
package final class FixtureProcess {
    /// The directory for the program's files.
    package let directory: URL
    private var process: Process?

    /// Creates the directory, and does not start the program.
    package init(_ name: String) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "tributary-\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { stop() }

    /// The path of a file in the directory.
    package func path(_ file: String) -> String { directory.appending(path: file).path }

    /// The text of a file in the directory; empty if there is no such file.
    package func text(_ file: String) -> String { (try? String(contentsOfFile: path(file), encoding: .utf8)) ?? "" }

    /// Starts the program, and returns when it accepts connections at `address` and `port`. Throws an error if the program ends before that.
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
            // SIGTERM may have no effect, because the child inherits the blocked signals of the thread that started it.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        process = nil
        try? FileManager.default.removeItem(at: directory)
    }

    /// Runs a program until it ends.
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

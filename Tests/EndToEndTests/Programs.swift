import Foundation

/// The tested programs, which the build puts next to the tests.
enum Programs {
    static let directory: URL = {
        // The test bundle is in the directory with the built programs.
        var url = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        while url.path != "/", !FileManager.default.isExecutableFile(atPath: url.appending(path: "tributary").path) {
            url = url.deletingLastPathComponent()
        }
        return url
    }()

    static var tributary: URL { directory.appending(path: "tributary") }
    static var simulator: URL { directory.appending(path: "okta-simulator") }

    /// The result of a finished program.
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs `tributary` until it ends.
    static func tributary(_ arguments: [String], input: Data = Data(), in workspace: Workspace) throws -> Outcome {
        try run(tributary, arguments, input: input, in: workspace)
    }

    /// Runs a program until it ends.
    static func run(
        _ program: URL, _ arguments: [String], input: Data = Data(), in workspace: Workspace
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = workspace.path("output-\(UUID().uuidString)")
        let errors = workspace.path("errors-\(UUID().uuidString)")
        let source = workspace.path("input-\(UUID().uuidString)")
        try input.write(to: URL(fileURLWithPath: source))
        for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: source))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }
}

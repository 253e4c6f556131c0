import Foundation

/// The commands and their arguments, as the program prints them with `--experimental-dump-help`.
enum CommandTree {
    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
        }
        /// The kind: `positional`, `option` or `flag`.
        var kind: String
        var isOptional: Bool
        var names: [Name]?
        var valueName: String?

        /// The long name, such as `--config`; nil for a positional argument.
        var option: String? { names?.first { $0.kind == "long" }.map { "--\($0.name)" } }
    }

    /// A command, or a group of commands.
    struct Found {
        /// The words that select the command.
        var path: [String]
        var isGroup: Bool
        var arguments: [Argument]
        /// The text of the command's help, including the examples.
        var discussion: String

        /// The names of the command's flags and options, without the dashes.
        var flags: Set<String> { Set(arguments.flatMap { $0.names ?? [] }.map(\.name)) }
    }

    static func all(_ program: URL = Programs.tributary) throws -> [Found] {
        struct Command: Decodable {
            var commandName: String
            var shouldDisplay: Bool
            var subcommands: [Command]?
            var arguments: [Argument]?
            var discussion: String?
        }
        struct Description: Decodable { var command: Command }
        func found(_ command: Command, _ path: [String]) -> [Found] {
            let inner = (command.subcommands ?? []).filter { $0.commandName != "help" && $0.shouldDisplay }
            let own = Found(
                path: path, isGroup: !inner.isEmpty, arguments: command.arguments ?? [],
                discussion: command.discussion ?? "")
            return [own] + inner.flatMap { found($0, path + [$0.commandName]) }
        }
        let outcome = try Programs.run(program, ["--experimental-dump-help"], in: try Workspace())
        return found(try JSONDecoder().decode(Description.self, from: Data(outcome.output.utf8)).command, [])
    }
}

import ArgumentParser
import Configuration

/// A word on the command line that is not a command, although a command is expected there.
struct UnknownCommand {
    /// The message to print.
    let words: String
    /// The command before the unknown word. This command has no such subcommand.
    let parent: any ParsableCommand.Type

    /// Looks for an unknown command among the arguments; nil if there is none.
    init?(_ arguments: some Sequence<String>, below root: any ParsableCommand.Type) {
        var parent = root
        var names: [String] = []
        for word in arguments {
            names.append(parent._commandName)
            let inner = parent.configuration.subcommands
            guard !inner.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            if let next = inner.first(where: { $0._commandName == word }) {
                parent = next
                continue
            }
            self.parent = parent
            let prefix = names.joined(separator: " ")
            var words = "there is no command \(LiteralSecret.quoted("\(prefix) \(word)"))"
            let shown = inner.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
            if names.count == 1, ["start", "stop", "restart", "enable", "disable"].contains(word) {
                words += "; systemd manages the service: sudo systemctl \(word) tributary"
            } else if let near = NearestName.of(word, among: shown) {
                words += "; did you mean \(prefix) \(near)?"
            } else if names.count == 1, let group = inner.first(where: { $0.hasSubcommand(word) }) {
                words += "; did you mean \(prefix) \(group._commandName) \(word)?"
            } else {
                words += "; the commands are \(shown.joined(separator: ", "))"
            }
            self.words = words
            return
        }
        return nil
    }
}

extension ParsableCommand {
    fileprivate static func hasSubcommand(_ name: String) -> Bool {
        configuration.subcommands.contains { $0._commandName == name }
    }
}

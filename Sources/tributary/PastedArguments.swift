import ArgumentParser
import Configuration

/// Secrets that were pasted into the command line. No message repeats them, because terminals, journals and tickets keep messages.
enum PastedArguments {
    private static let secrets = find(in: CommandLine.arguments)

    /// Finds the secrets. The longest come first, because a shorter one may be a part of a longer one.
    static func find(in arguments: [String]) -> [String] {
        // `respond` takes ids of Okta's users and groups, which look like parts of a token. So there, only text that is clearly a secret counts.
        let takesIdentifiers = arguments.dropFirst().first == "respond"
        var found: Set<String> = []
        for argument in arguments.dropFirst() {
            var value = argument[...]
            if argument.hasPrefix("-") { value = argument[(argument.firstIndex(of: "=") ?? argument.startIndex)...] }
            let text = String(value.drop { "-=\"'".contains($0) }.prefix { !"\"'".contains($0) })
            let isSecret =
                takesIdentifiers ? LiteralSecret.isPresent(in: text, identifiers: true) : LiteralSecret.isPasted(text)
            guard isSecret else { continue }
            found.insert(text)
            // Also looks at the last word by itself, because people paste a token with a prefix such as `SSWS`.
            if let last = text.split(separator: " ").last, LiteralSecret.mayBePresent(in: String(last)) {
                found.insert(String(last))
            }
        }
        return (found.union(found.map { $0.lowercased() })).sorted { $0.utf8.count > $1.utf8.count }
    }

    /// The text without the secrets, for people.
    static func hidden(_ text: String) -> String {
        secrets.reduce(text) { text, secret in text.replacing(secret, with: "…") }
    }

    /// - Throws: an error if the value looks like a secret. The error's message does not contain the value.
    static func refuse(_ value: String, what: String) throws {
        guard LiteralSecret.isPasted(value) else { return }
        throw ValidationError("\(what): this value looks like a secret, so it was not used and is not repeated here")
    }
}

import Foundation
import Testing

@Suite("A token that was pasted into a command line")
struct PastedArgumentTests {
    /// A made-up token in Okta's form.
    static let token = "00fKq3Zt9LwXb7RmPv2YcN8sHd5JgQ1aTe6Ui0oB4k"

    /// The token in different forms: complete, cut short, a part from its middle, quoted, and with common prefixes.
    static let forms = [
        token, String(token.prefix(25)), String(token.prefix(12)), String(token.dropFirst(10).prefix(15)),
        "\"\(token)\"", "'\(token.prefix(30))'", "SSWS \(token)", "Bearer \(token)", "\"SSWS \(token.prefix(20))\"",
    ]

    /// All sequences of six characters of the token, in lower case, because some values are converted to lower case.
    static let pieces: [String] = {
        let characters = Array(token.lowercased())
        return (0...characters.count - 6).map { String(characters[$0..<$0 + 6]) }
    }()

    /// Command lines in which `@` stands for the token. There is one for each option and each argument of every command. Others have the token as the
    /// value of a flag, as an additional word, and as an unknown option.
    static let places: [[String]] = {
        guard let commands = try? CommandTree.all() else { return [] }
        var places: [[String]] = []
        for command in commands {
            if command.isGroup {
                places.append(command.path + ["@"])
                continue
            }
            let options = command.arguments.filter { $0.kind == "option" }.compactMap(\.option)
            let flag = command.arguments.first { $0.kind == "flag" && $0.option != "--help" }?.option
            let positional = command.arguments.filter { $0.kind == "positional" }
            let others = positional.filter { !$0.isOptional }.map { _ in "x" }
            places += options.map { command.path + others + [$0, "@"] }
            places += options.prefix(1).map { command.path + others + ["\($0)=@"] }
            for index in positional.indices {
                var words = positional.map { $0.isOptional ? nil : "x" }
                words[index] = "@"
                places.append(
                    command.path + words.prefix(index + 1).map { $0 ?? "x" }
                        + words.dropFirst(index + 1).compactMap(\.self))
            }
            if let flag { places.append(command.path + others + ["\(flag)=@"]) }
            places += [command.path + others + ["@", "@"], command.path + others + ["--@"]]
        }
        return places
    }()

    @Test("no command shows six consecutive characters of a pasted token, wherever the token is on the command line")
    func neverShown() throws {
        let places = Self.places
        #expect(places.count > 250, "\(places.count)")
        for needed in [
            ["fleet", "drain", "@"], ["network", "edit"], ["respond", "undo"], ["deliver", "@"], ["replay", "@"],
        ] {
            #expect(
                places.contains { $0.starts(with: needed) || $0.starts(with: needed.filter { $0 != "@" }) }, "\(needed)"
            )
        }
        let workspace = try Workspace()
        try workspace.configure([("acme", "http://127.0.0.1:9")], token: "00token")
        for (number, place) in places.enumerated() {
            // A part of a token may look like the id of a user, which `respond` may print. So `respond` gets only the complete token.
            let isUser = place.first == "respond"
            let others = Array(Self.forms.dropFirst())
            for form in [Self.token] + (isUser ? [] : [others[number % others.count]]) {
                var arguments = place.map { $0.replacing("@", with: form) }
                if !place.contains("--config"), !place.contains("--config=@") {
                    arguments += ["--config", workspace.configuration]
                }
                let outcome = try Programs.tributary(arguments, in: workspace)
                let said = (outcome.output + outcome.errors).lowercased()
                let leaked = Self.pieces.first { said.contains($0) }
                #expect(leaked == nil, "\(arguments): \(outcome.errors) \(outcome.output)")
            }
        }
    }
}

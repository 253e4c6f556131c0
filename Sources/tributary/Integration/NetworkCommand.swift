import ArgumentParser
import Collector
import CommandHints
import Configuration
import FoundationEssentials
import Glibc
import Setup

struct NetworkGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network",
        abstract: "Show and change the domains and IP ranges that count as internal.",
        discussion: """
            In records, each address and domain of your organization is marked as internal. Private and link-local addresses always count as \
            internal.

            Example:
              tributary network show
              sudo tributary network edit --add-domain example.com \\
                --add-range 203.0.113.0/24
            """,
        subcommands: [NetworkShow.self, NetworkEdit.self])
}

/// The flags of `integration add` for domains and ranges.
struct NetworkFields: ParsableArguments {
    @Option(help: "A domain of your organization; its subdomains are included. May be repeated.") var domain: [String] =
        []
    @Option(help: "Addresses of your organization, such as 203.0.113.0/24. May be repeated.") var range: [String] = []

    func parsed() throws -> MyNetwork {
        MyNetwork(
            domains: try parsedFlags(domain, "--domain", DomainName.init(parsing:)),
            ranges: try parsedFlags(range, "--range", IPRange.init(parsing:)))
    }
}

private func parsedFlags<Value>(
    _ texts: [String], _ flag: String, _ read: (String) throws(ValueError) -> Value
) throws -> [Value] {
    try texts.map { text in
        do throws(ValueError) {
            return try read(text)
        } catch {
            throw ValidationError("\(flag): \(error)")
        }
    }
}

/// Asks for domains and ranges.
struct NetworkQuestions {
    let dialogue: Dialogue

    func ask(_ present: MyNetwork, _ title: String) throws -> MyNetwork {
        dialogue.note("")
        dialogue.note(dialogue.terminal.bold(title))
        let ending = present.isEmpty ? "(Enter for none)" : "(Enter to keep them, - for none)"
        return MyNetwork(
            domains: try list(
                "Domains, such as example.com \(ending)", present.domains.map(\.text), DomainName.init(parsing:)),
            ranges: try list(
                "IP ranges in addition to the private ones, such as 203.0.113.0/24 \(ending)",
                present.ranges.map(\.description), IPRange.init(parsing:)))
    }

    private func list<Value: Hashable>(
        _ question: String, _ present: [String], _ read: (String) throws(ValueError) -> Value
    ) throws -> [Value] {
        try dialogue.ask(question, standard: present.joined(separator: " ")) { answer in
            var values: [Value] = []
            guard answer != "-" else { return values }
            for word in answer.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
                let value = try read(String(word))
                if !values.contains(value) { values.append(value) }
            }
            return values
        }
    }
}

struct NetworkShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the domains and IP ranges that count as internal.",
        discussion: """
            Example:
              tributary network show --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "As JSON.") var json = false

    private struct Document: Encodable {
        var domains: [String]
        var ipRanges: [String]
    }

    func run() throws {
        let network = MyNetwork(try Administration(configuration: options.config).load())
        let document = Document(
            domains: network.domains.map(\.text), ipRanges: network.ranges.map(\.description))
        if json {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return Terminal.result(String(decoding: try encoder.encode(document), as: UTF8.self))
        }
        Terminal.result("domains    \(document.domains.isEmpty ? "none" : document.domains.joined(separator: ", "))")
        Terminal.result(
            "IP ranges  \(document.ipRanges.isEmpty ? "only" : "\(document.ipRanges.joined(separator: ", ")), and") the private and link-local ranges"
        )
    }
}

struct NetworkEdit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change the domains and IP ranges that count as internal.",
        discussion: """
            Without flags, the command asks on a terminal. It writes conf.d/my_network.yaml, or the file that already declares the domains and \
            ranges. Then it makes the running daemon apply them to all records that are collected from then on.

            Example:
              sudo tributary network edit
              sudo tributary network edit --add-domain example.com \\
                --remove-range 198.51.100.0/24
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: "A domain to add. May be repeated.") var addDomain: [String] = []
    @Option(help: "A domain to remove. May be repeated.") var removeDomain: [String] = []
    @Option(help: "An IP range to add. May be repeated.") var addRange: [String] = []
    @Option(help: "An IP range to remove. May be repeated.") var removeRange: [String] = []
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        let administration = Administration(configuration: options.config)
        try await administration.attempt {
            let interruption = Interruption.watch()
            try administration.requireWriting()
            var edit = try ConfigurationEdit(of: administration.path)
            let present = try edit.load(administration.context)
            let before = MyNetwork(present)
            let new = try changed(before, interruption)
            guard new != before || !edit.saysMyNetwork else { return Terminal.complain("nothing was changed") }
            let configuration = try edit.change(to: new, present: present, administration.context)
            let outcome = try await ChangeInForce(
                administration: administration, interruption: interruption, reloads: !noReload
            ).apply(edit, configuration)
            Terminal.result(outcome.words("the domains and IP ranges are saved"))
        }
    }

    private func changed(_ before: MyNetwork, _ interruption: Interruption) throws -> MyNetwork {
        guard [addDomain, removeDomain, addRange, removeRange].allSatisfy(\.isEmpty) else {
            return MyNetwork(
                domains: merged(
                    before.domains, try parsedFlags(addDomain, "--add-domain", DomainName.init(parsing:)),
                    try parsedFlags(removeDomain, "--remove-domain", DomainName.init(parsing:))),
                ranges: merged(
                    before.ranges, try parsedFlags(addRange, "--add-range", IPRange.init(parsing:)),
                    try parsedFlags(removeRange, "--remove-range", IPRange.init(parsing:))))
        }
        guard let dialogue = Dialogue(interruption) else {
            throw ValidationError(
                "nothing to change: give --add-domain, --remove-domain, --add-range or --remove-range")
        }
        return try NetworkQuestions(dialogue: dialogue).ask(
            before, "My domains and IPs: these count as internal in every record")
    }

    private func merged<Value: Equatable & CustomStringConvertible>(
        _ before: [Value], _ added: [Value], _ removed: [Value]
    ) -> [Value] {
        for value in removed where !before.contains(value) {
            Terminal.complain("note: \(value) is not configured, so it was not removed")
        }
        return before.filter { !removed.contains($0) } + added.filter { !before.contains($0) }
    }
}

extension ChangeInForce.Daemon {
    /// The text that a command prints at its end.
    ///
    /// - Parameter done: describes what was done.
    func words(_ done: String) -> String {
        switch self {
        case .reloaded(let change): "\(done); the daemon: \(change)"
        case .notRunning: "\(done); no daemon runs"
        case .notAsked: "\(done); apply it with: \(CommandHint.reload)"
        }
    }
}

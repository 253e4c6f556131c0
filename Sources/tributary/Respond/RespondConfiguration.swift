import Configuration
import FoundationEssentials

/// What a command needs of the configuration: the way to the helper, and names of integrations. A mistake elsewhere stops no responder: the
/// helper goes on with the configuration that it has.
struct RespondConfiguration {
    /// As it was given.
    let file: String
    let socket: String
    /// All integrations that can be read, and those with response actions.
    let integrations: [String]
    let responding: [String]
    /// False when a file with mistakes may have response actions of an integration that is not in the list.
    let isComplete: Bool

    /// Reads it, and says in one line what can't be used.
    ///
    /// - Throws: code `configuration` when nothing tells where the helper is: the main file of one's own can't be used.
    init(_ options: ConfigurationOptions) throws(Responder.Failure) {
        file = options.config
        let context = ConfigurationContext(
            environment: Responder.environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: .warned,
            mistakes: .integration)
        let sources = try? ConfigurationSource.all(of: options.config)
        var configuration: Configuration?
        var problems: [ConfigurationProblem]
        do throws(ConfigurationError) {
            let whole = try Configuration.load(path: options.config, context: context)
            problems = whole.unusable.flatMap(\.problems)
            configuration = whole
        } catch {
            problems = error.problems
            configuration = Self.rest(of: sources ?? [], without: problems, main: options.config, context)
            if configuration == nil {
                guard options.config == ConfigurationOptions.installed else {
                    throw Responder.Failure(
                        code: "configuration", message: LiteralSecret.masked(error.description),
                        status: ExitStatus.configuration)
                }
                // A comment alone gives the defaults.
                let nothing = ConfigurationSource(file: options.config, text: "# defaults\n")
                configuration = try? Configuration.load(sources: [nothing], context: context)
            }
            let first = problems.first?.description.split(separator: "\n").first.map(String.init) ?? options.config
            Terminal.complain(
                "tributary: warning: \(LiteralSecret.masked(first).printable); the helper goes on with the configuration that it has"
            )
        }
        guard let configuration else {
            throw Responder.Failure(
                code: "configuration", message: "\(options.config) can't be used", status: ExitStatus.configuration)
        }
        socket = configuration.response.socket
        integrations = configuration.integrations.map(\.name.text)
        responding = configuration.integrations.filter { $0.responseAction != nil }.map(\.name.text)
        let broken = Set(problems.map(\.place.file))
        isComplete =
            problems.isEmpty
            || sources.map { all in
                !all.contains {
                    broken.contains($0.file) && String(decoding: $0.bytes, as: UTF8.self).contains("response_action")
                }
            } ?? false
    }

    /// The files without those that have mistakes; nil when the main file has some.
    private static func rest(
        of sources: [ConfigurationSource], without problems: [ConfigurationProblem], main: String,
        _ context: ConfigurationContext
    ) -> Configuration? {
        let broken = Set(problems.map(\.place.file))
        guard !broken.contains(main), sources.first?.file == main else { return nil }
        return try? Configuration.load(sources: sources.filter { !broken.contains($0.file) }, context: context)
    }
}

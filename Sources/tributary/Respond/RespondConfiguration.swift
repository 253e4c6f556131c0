import Configuration
import FoundationEssentials

/// The parts of the configuration that a command needs: the helper's socket, and the names of integrations. Mistakes in other parts must not stop a
/// responder, since the helper continues with its own configuration.
struct RespondConfiguration {
    /// The configuration file's path as given on the command line.
    let file: String
    let socket: String
    /// The names of all integrations that could be read.
    let integrations: [String]
    /// The names of the integrations that could be read and have response actions.
    let responding: [String]
    /// False if a file with mistakes may declare further integrations with response actions.
    let isComplete: Bool

    /// Reads the configuration. If loading fails, uses the parts that can be read, and prints the first mistake as a warning.
    ///
    /// - Throws: code `configuration` if no part can be read, or if the section `response`, which names the helper's socket, can't be used. The
    ///   installed configuration is accepted even if its section `response` can't be used, because the installed helper usually listens at the
    ///   default path.
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
            configuration = Configuration.readable(path: options.config, context: context)
            // Without a usable section `response`, the helper's socket is unknown, so the configuration is refused. The installed configuration is
            // accepted even then, because the installed helper usually listens at the default path.
            guard
                options.path == ConfigurationOptions.installed || configuration?.doubtful.contains("response") == false
            else {
                throw Responder.Failure(
                    code: "configuration", message: LiteralSecret.masked(error.description),
                    status: ExitStatus.configuration)
            }
            let first = problems.first?.description.split(separator: "\n").first.map(String.init) ?? options.config
            Terminal.complain(
                "tributary: warning: \(LiteralSecret.masked(first).printable); the helper continues with its present configuration"
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
}

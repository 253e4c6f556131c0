import Collector
import CommandHints
import Configuration
import Glibc

/// What can be read of a configuration, for commands that look for what runs with it. A daemon runs on with what it has read, whatever mistakes have come into
/// the files since.
struct FoundConfiguration {
    /// Nil if nothing can be read.
    let readable: Configuration?
    /// Why a start with these files would be refused; nil if it would not.
    let refusal: ConfigurationError?
    /// The same, a line each, without files that only this user may not read.
    let mistakes: [String]

    /// The most lines that are shown.
    private static let limit = 10

    init(_ options: ConfigurationOptions) {
        let context = options.context(mistakes: .integration)
        do throws(ConfigurationError) {
            readable = try Configuration.load(path: options.config, context: context)
            refusal = nil
            mistakes = []
        } catch {
            readable = Configuration.readable(path: options.config, context: context)
            refusal = error
            let isInstalled = options.path == ConfigurationOptions.installed
            let own = error.problems.filter { problem in
                !isInstalled || access(problem.place.file, R_OK) == 0 || errno != EACCES
            }
            var lines = own.prefix(Self.limit).map(\.description)
            let more = own.count - lines.count + error.leftOff
            if more > 0 { lines.append("… and \(more) more: \(CommandHint.command("check"))") }
            mistakes = lines
        }
    }

    /// Where the daemon reports, as far as the files say; otherwise the default.
    var runtimeDirectory: String { readable?.runtimeDirectory ?? "/run/tributary" }
}

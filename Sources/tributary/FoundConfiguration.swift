import Collector
import CommandHints
import Configuration
import Glibc

/// The readable parts of a configuration whose files may have mistakes. A daemon that read the files before the mistakes were made may still run, and
/// commands find it through these parts.
struct FoundConfiguration {
    /// The parts that can be read; nil if nothing can be read.
    let readable: Configuration?
    /// Why a daemon would not start with these files; nil if it would start.
    let refusal: ConfigurationError?
    /// The mistakes in the files. If not all are listed, the last element says how many more there are. For the installed configuration, problems
    /// in files that this user may not read are left out.
    let mistakes: [String]

    /// The maximum number of mistakes that are listed.
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
            if more > 0 { lines.append("… and \(more) more; to see all, run: \(CommandHint.command("check"))") }
            mistakes = lines
        }
    }

    /// The daemon's runtime directory, if it can be read from the files; otherwise the default.
    var runtimeDirectory: String { readable?.runtimeDirectory ?? "/run/tributary" }
}

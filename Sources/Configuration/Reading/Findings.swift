/// Collects problems and warnings while the configuration is read, so that all are reported together.
struct Findings {
    /// The maximum number of problems that are kept. Further problems are only counted: this limits memory, and nobody would read more.
    static let limit = 200

    private(set) var problems: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    private(set) var leftOff = 0

    mutating func error(at place: ConfigurationPlace, key: String = "", _ message: String, hint: String? = nil) {
        if problems.count < Self.limit {
            problems.append(ConfigurationProblem(.error, at: place, key: key, message, hint: hint))
        } else {
            leftOff += 1
        }
    }

    mutating func warning(at place: ConfigurationPlace, key: String = "", _ message: String, hint: String? = nil) {
        guard warnings.count < Self.limit else { return }
        warnings.append(ConfigurationProblem(.warning, at: place, key: key, message, hint: hint))
    }

    /// Adds findings that were collected separately.
    mutating func add(_ other: Findings) {
        add(problems: other.problems)
        leftOff += other.leftOff
        add(warnings: other.warnings)
    }

    mutating func add(warnings others: [ConfigurationProblem]) {
        warnings += others.prefix(max(0, Self.limit - warnings.count))
    }

    mutating func add(problems others: [ConfigurationProblem]) {
        let room = max(0, Self.limit - problems.count)
        problems += others.prefix(room)
        leftOff += max(0, others.count - room)
    }

    /// Adds problems as warnings. Used for problems that do not prevent the configuration from being used.
    mutating func addAsWarnings(_ problems: [ConfigurationProblem]) {
        add(
            warnings: problems.map { problem in
                var warning = problem
                warning.severity = .warning
                return warning
            })
    }

    /// The names of the top-level keys in which, or below which, there are problems.
    var topLevelKeys: Set<String> {
        Set(problems.map { String($0.key.prefix { $0 != "." && $0 != "[" }) })
    }

    /// The error to throw; nil if no problem was found.
    func failure(filesInOrder files: [String]) -> ConfigurationError? {
        guard !problems.isEmpty else { return nil }
        return ConfigurationError(
            problems: Self.sorted(problems, filesInOrder: files),
            warnings: Self.sorted(warnings, filesInOrder: files), leftOff: leftOff)
    }

    /// Sorts findings in the order in which a reader goes through the files.
    static func sorted(_ found: [ConfigurationProblem], filesInOrder files: [String]) -> [ConfigurationProblem] {
        var rank: [String: Int] = [:]
        for (index, file) in files.enumerated() { rank[file] = index }
        return found.enumerated().sorted { left, right in
            let (a, b) = (left.element.place, right.element.place)
            return (rank[a.file] ?? files.count, a.line, a.column, left.offset)
                < (rank[b.file] ?? files.count, b.line, b.column, right.offset)
        }.map(\.element)
    }
}

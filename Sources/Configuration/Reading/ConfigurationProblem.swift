/// A position in a configuration file. `line` and `column` count from 1, columns in Unicode scalars; line 0 means the whole file.
package struct ConfigurationPlace: Sendable, Hashable, Codable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `FILE:LINE:COL`, the form that editors and compilers use.
    package var description: String { line == 0 ? file : "\(file):\(line):\(column)" }
}

/// A problem in the configuration: what is wrong, where, and what to do about it. It never contains a secret.
package struct ConfigurationProblem: Sendable, Hashable, Codable, CustomStringConvertible {
    /// How serious the problem is. An error means that the configuration is refused, or only the integration concerned.
    package enum Severity: String, Sendable, Codable {
        case error
        case warning
    }

    package var severity: Severity
    package var place: ConfigurationPlace
    /// The dotted path of the key concerned, such as `spool.compression` or `integrations[].url`; empty if there is none.
    package var key: String
    package var message: String
    /// What to do, in the imperative.
    package var hint: String?

    package init(
        _ severity: Severity = .error, at place: ConfigurationPlace, key: String = "", _ message: String,
        hint: String? = nil
    ) {
        self.severity = severity
        self.place = place
        self.key = key
        self.message = message
        self.hint = hint
    }

    /// One line in the compiler's style: `FILE:LINE:COL: error: MESSAGE; HINT`.
    package var description: String {
        "\(place): \(severity.rawValue): \(message)" + (hint.map { "; \($0)" } ?? "")
    }
}

/// The configuration was refused. The problems are listed in the order of files and lines.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The problems that are listed: from one to `Findings.limit`.
    package var problems: [ConfigurationProblem]
    /// Warnings that were found in addition to the problems.
    package var warnings: [ConfigurationProblem]
    /// How many problems were omitted because there were too many.
    package var leftOff: Int

    /// The problems as text, one per line.
    package var description: String {
        var lines = problems.map(\.description)
        if leftOff > 0 { lines.append("… and \(leftOff) more problem\(leftOff == 1 ? "" : "s")") }
        return lines.joined(separator: "\n")
    }
}

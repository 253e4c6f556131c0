extension Configuration {
    /// Reads a configuration file and then the files `conf.d/*.yaml` next to it, in lexical order.
    ///
    /// The lists `credentials`, `integrations` and `destinations` of all files are joined; any other key may be set in one file only. Warnings are in
    /// ``Configuration/warnings``.
    ///
    /// - Throws: ``ConfigurationError`` with all problems of all files.
    package static func load(path: String, context: ConfigurationContext) throws(ConfigurationError) -> Configuration {
        var findings = Findings()
        let (sources, isComplete) = ConfigurationSource.gather(path, into: &findings)
        return try load(sources: sources, mainFile: path, isComplete: isComplete, context: context, findings)
    }

    /// Reads a configuration from the given texts, the first of which is the main file. Used to check a change before it is saved.
    ///
    /// - Throws: ``ConfigurationError`` with all problems of all texts.
    package static func load(
        sources: [ConfigurationSource], context: ConfigurationContext
    ) throws(ConfigurationError) -> Configuration {
        let main = sources.first?.file ?? "tributary.yaml"
        return try load(sources: sources, mainFile: main, isComplete: true, context: context, Findings())
    }

    /// Reads a configuration that may have mistakes, and omits the parts that can't be read. The fleet is nil if the section `fleet` or `network` has
    /// a mistake, so that no command uses a wrong bucket.
    package static func readable(path: String, context: ConfigurationContext) -> Configuration? {
        var context = context
        context.mistakes = .nothing
        return try? load(path: path, context: context)
    }

    private static func load(
        sources: [ConfigurationSource], mainFile: String, isComplete: Bool, context: ConfigurationContext,
        _ found: Findings
    ) throws(ConfigurationError) -> Configuration {
        var merging = Merging(mainFile: mainFile, mistakes: context.mistakes, isComplete: isComplete, findings: found)
        for source in sources { merging.add(source) }
        let files = [mainFile] + sources.map(\.file).filter { $0 != mainFile }
        var builder = ConfigurationBuilder(
            settings: merging.settings, context: context, isComplete: merging.isComplete, findings: merging.findings)
        var configuration = builder.build(files: files)
        configuration?.unusable += merging.unusable
        if context.mistakes == .nothing {
            let doubtful = merging.unread.union(merging.settings.mistaken).union(
                builder.findings.leftOff > 0 ? Settings.topLevelKeys : builder.findings.topLevelKeys)
            configuration?.doubtful = doubtful
            if !doubtful.isDisjoint(with: ["fleet", "network"]) { configuration?.fleet = nil }
        } else {
            if let failure = builder.findings.failure(filesInOrder: files) { throw failure }
            if context.mistakes != .everyIntegration, let configuration, configuration.integrations.isEmpty,
                !configuration.unusable.isEmpty
            {
                // No integration is usable, so the whole configuration is refused.
                throw ConfigurationError(
                    problems: Findings.sorted(configuration.unusable.flatMap(\.problems), filesInOrder: files),
                    warnings: configuration.warnings, leftOff: 0)
            }
        }
        guard let configuration else {
            throw ConfigurationError(
                problems: [
                    ConfigurationProblem(
                        at: ConfigurationPlace(file: mainFile), "the configuration could not be assembled",
                        hint: "this is a bug; please report it with the file")
                ], warnings: [], leftOff: 0)
        }
        return configuration
    }

    /// Joins the contents of the files.
    private struct Merging {
        let mainFile: String
        let mistakes: ConfigurationContext.MistakeScope
        var settings: Settings
        /// Whether every file could be read.
        var isComplete: Bool
        /// Whether an unreadable file may contain sections other than `integrations` and `credentials`.
        private var hasUnreadSections: Bool
        var findings: Findings
        /// One entry for each unreadable file that contains only integrations and credentials.
        var unusable: [UnusableIntegration] = []

        init(mainFile: String, mistakes: ConfigurationContext.MistakeScope, isComplete: Bool, findings: Findings) {
            self.mainFile = mainFile
            self.mistakes = mistakes
            self.isComplete = isComplete
            self.findings = findings
            hasUnreadSections = !isComplete
            settings = Settings(place: ConfigurationPlace(file: mainFile, line: 1, column: 1))
        }

        /// Top-level keys that may be in an unreadable part of the files.
        var unread: Set<String> {
            hasUnreadSections ? Settings.topLevelKeys.filter { !settings.isSet($0) } : []
        }

        mutating func add(_ source: ConfigurationSource) {
            var own = Findings()
            let content = YAMLDocument.read(source.bytes, file: source.file, into: &own)
            if case .unreadable = content, mistakes != .whole, source.file != mainFile, source.holdsOnlyIntegrations {
                findings.add(warnings: own.warnings)
                unusable.append(UnusableIntegration(name: source.file, problems: own.problems))
                isComplete = false
                return
            }
            findings.add(own)
            switch content {
            case .mapping(let pairs): settings.add(pairs, into: &findings)
            case .unreadable:
                isComplete = false
                hasUnreadSections = true
                if mistakes == .nothing { addReadable(of: source) }
            case .empty: noteEmpty(source)
            }
        }

        /// Adds those blocks of a broken file that are valid YAML.
        private mutating func addReadable(of source: ConfigurationSource) {
            for block in source.blocks {
                var ignored = Findings()
                if case .mapping(let pairs) = YAMLDocument.read(block, file: source.file, into: &ignored) {
                    settings.add(pairs, into: &findings)
                }
            }
        }

        private mutating func noteEmpty(_ source: ConfigurationSource) {
            let place = ConfigurationPlace(file: source.file)
            // An empty main file is an error, because it is probably the result of an interrupted write. An empty drop-in only causes a warning,
            // because people switch a drop-in off by commenting out all of its lines.
            if source.file == mainFile && source.bytes.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) {
                findings.error(
                    at: place, "the file is empty",
                    hint: "restore the file, or begin with the installed example; a file with only comments is allowed")
            } else if source.file != mainFile {
                findings.warning(
                    at: place, "the file sets no key", hint: "remove the file if it is meant to stay empty")
            }
        }
    }
}

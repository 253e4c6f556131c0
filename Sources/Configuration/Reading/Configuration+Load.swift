extension Configuration {
    /// Reads a configuration file and then the files `conf.d/*.yaml` next to it, in lexical order.
    ///
    /// Lists (`credentials`, `integrations`) are joined; any other key may be set in one file only. Warnings are in
    /// ``Configuration/warnings``.
    ///
    /// - Throws: ``ConfigurationError`` with all problems of all files.
    package static func load(path: String, context: ConfigurationContext) throws(ConfigurationError) -> Configuration {
        var findings = Findings()
        let (sources, isComplete) = ConfigurationSource.gather(path, into: &findings)
        return try load(sources: sources, mainFile: path, isComplete: isComplete, context: context, findings)
    }

    /// The same for given texts, the first of which is the main file. Used to check a change before it is saved.
    ///
    /// - Throws: ``ConfigurationError`` with all problems of all texts.
    package static func load(
        sources: [ConfigurationSource], context: ConfigurationContext
    ) throws(ConfigurationError) -> Configuration {
        let main = sources.first?.file ?? "tributary.yaml"
        return try load(sources: sources, mainFile: main, isComplete: true, context: context, Findings())
    }

    private static func load(
        sources: [ConfigurationSource], mainFile: String, isComplete: Bool, context: ConfigurationContext,
        _ found: Findings
    ) throws(ConfigurationError) -> Configuration {
        var findings = found
        var isComplete = isComplete
        var unusable: [UnusableIntegration] = []
        var settings = Settings(place: ConfigurationPlace(file: mainFile, line: 1, column: 1))
        for source in sources {
            var own = Findings()
            let content = YAMLDocument.read(source.bytes, file: source.file, into: &own)
            if case .unreadable = content, context.mistakes == .integration, source.file != mainFile,
                source.holdsOnlyIntegrations
            {
                findings.add(warnings: own.warnings)
                unusable.append(UnusableIntegration(name: source.file, problems: own.problems))
                isComplete = false
                continue
            }
            findings.add(own)
            switch content {
            case .mapping(let pairs): settings.add(pairs, into: &findings)
            case .unreadable: isComplete = false
            case .empty:
                let place = ConfigurationPlace(file: source.file)
                // Commenting out everything in a drop-in is a usual way to switch it off. An empty main file is more
                // likely an interrupted write.
                if source.file == mainFile && source.bytes.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) {
                    findings.error(
                        at: place, "the file is empty",
                        hint:
                            "restore it, or begin with the installed example; a comment in it is enough for the defaults"
                    )
                } else if source.file != mainFile {
                    findings.warning(at: place, "the file sets nothing", hint: "remove it if that is meant to stay")
                }
            }
        }
        let files = [mainFile] + sources.map(\.file).filter { $0 != mainFile }
        var builder = ConfigurationBuilder(
            settings: settings, context: context, isComplete: isComplete, findings: findings)
        var configuration = builder.build(files: files)
        if let failure = builder.findings.failure(filesInOrder: files) { throw failure }
        configuration?.unusable += unusable
        if let configuration, configuration.integrations.isEmpty, !configuration.unusable.isEmpty {
            // No usable part is left, so the mistakes concern everything.
            throw ConfigurationError(
                problems: Findings.sorted(configuration.unusable.flatMap(\.problems), filesInOrder: files),
                warnings: configuration.warnings, leftOff: 0)
        }
        guard let configuration else {
            throw ConfigurationError(
                problems: [
                    ConfigurationProblem(
                        at: ConfigurationPlace(file: mainFile), "the configuration could not be put together",
                        hint: "this is a bug; please report it with the file")
                ], warnings: [], leftOff: 0)
        }
        return configuration
    }
}

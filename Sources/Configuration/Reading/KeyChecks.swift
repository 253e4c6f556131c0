/// Which keys of a section need or exclude each other.
extension Settings {
    /// Reports a key that is needed and missing. If it is set but wrong, the findings say so already.
    ///
    /// - Parameters:
    ///   - place: of the section.
    ///   - why: who needs it, as in “the destination “lake” has type s3”.
    func require(
        _ key: KeyDescription, at place: ConfigurationPlace, _ why: String, into findings: inout Findings
    ) {
        guard values[key.path]?.node.isNull ?? true else { return }
        findings.error(
            at: place, key: key.path, "“\(key.name)” is missing: \(why)", hint: "add it: \(key.explanation)")
    }

    /// Reports keys that are set although a setting leaves them without a meaning.
    func refuse(_ paths: [String], with setting: String, into findings: inout Findings) {
        for path in paths {
            guard let entry = values[path], !entry.node.isNull else { continue }
            findings.error(
                at: entry.key.place, key: path, "“\(entry.key.text)” has no meaning with \(setting)",
                hint: "remove it")
        }
    }

    /// Reports a program that is not named by an absolute path.
    func checkProgram(_ words: [String], _ key: KeyDescription, into findings: inout Findings) {
        guard let program = words.first, !program.hasPrefix("/") else { return }
        findings.error(
            at: place(of: key.path), key: key.path,
            "“\(key.name)”: \(LiteralSecret.quoted(program)) is not an absolute path",
            hint: "begin the program's path with /; a service has a PATH of its own")
    }

    /// Checks the keys that say where an access key for S3 comes from.
    ///
    /// - Parameters:
    ///   - place: of the section.
    ///   - owner: what has them, as in “the destination “lake””.
    func checkAccessKey(
        _ credentials: DestinationCredentials, process: ConfigurationKey<[String]>, _ words: [String],
        secretFile: ConfigurationKey<String?>, at place: ConfigurationPlace, of owner: String,
        into findings: inout Findings
    ) {
        let setting = "credentials: \(credentials.rawValue)"
        if credentials == .process {
            if words.isEmpty {
                require(process.description, at: place, "\(owner) has credentials process", into: &findings)
            }
        } else {
            refuse([process.path], with: setting, into: &findings)
        }
        if credentials != .static, credentials != .auto {
            refuse([secretFile.path], with: setting, into: &findings)
        }
        checkProgram(words, process.description, into: &findings)
    }
}

/// Checks for keys of a section that require or exclude each other.
extension Settings {
    /// Reports a missing key that is required. A key that is set but wrong is already among the findings.
    ///
    /// - Parameters:
    ///   - place: the section's place.
    ///   - why: why the key is required, such as `the destination “lake” has type s3`.
    func require(
        _ key: KeyDescription, at place: ConfigurationPlace, _ why: String, into findings: inout Findings
    ) {
        guard values[key.path]?.node.isNull ?? true else { return }
        findings.error(
            at: place, key: key.path, "“\(key.name)” is missing: \(why)", hint: "add the key. \(key.explanation)")
    }

    /// Reports keys that are set but have no effect because of another setting.
    func refuse(_ paths: [String], with setting: String, into findings: inout Findings) {
        for path in paths {
            guard let entry = values[path], !entry.node.isNull else { continue }
            findings.error(
                at: entry.key.place, key: path, "“\(entry.key.text)” has no effect with “\(setting)”",
                hint: "remove the key")
        }
    }

    /// Reports a program that is not named by an absolute path.
    func checkProgram(_ words: [String], _ key: KeyDescription, into findings: inout Findings) {
        guard let program = words.first, !program.hasPrefix("/") else { return }
        findings.error(
            at: place(of: key.path), key: key.path,
            "“\(key.name)”: \(LiteralSecret.quoted(program)) is not an absolute path",
            hint: "write the program's full path, beginning with /: a service's PATH differs from your shell's")
    }

    /// Checks the keys that say where an access key for S3 comes from.
    ///
    /// - Parameters:
    ///   - place: the section's place.
    ///   - owner: names the section in messages, such as `the destination “lake”`.
    func checkAccessKey(
        _ credentials: DestinationCredentials, process: ConfigurationKey<[String]>, _ words: [String],
        secretFile: ConfigurationKey<String?>, at place: ConfigurationPlace, of owner: String,
        into findings: inout Findings
    ) {
        let setting = "credentials: \(credentials.rawValue)"
        if credentials == .process {
            if words.isEmpty {
                require(process.description, at: place, "\(owner) has “credentials: process”", into: &findings)
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

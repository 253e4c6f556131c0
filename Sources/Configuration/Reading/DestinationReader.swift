/// Reads the items of `destinations`.
///
/// Their secrets are not looked at: the process that delivers reads them, and the collector may not.
enum DestinationReader {
    /// Destinations of one configuration.
    static let limit = 16
    private static let keys = Configuration.DestinationKeys.shared

    static func read(
        _ items: [Settings], _ context: ConfigurationContext, into findings: inout Findings
    ) -> [Configuration.Destination] {
        var read: [Configuration.Destination] = []
        var places: [Name: ConfigurationPlace] = [:]
        for (index, item) in items.enumerated() {
            if index == limit {
                findings.error(
                    at: item.place, key: "destinations[]", "there are more than \(limit) destinations",
                    hint: "take some out, or deliver them from another host")
            }
            findings.add(item.found)
            let reading = SectionReading<Configuration.DestinationKeys>(item, context, into: &findings)
            if let name = reading[\.name] {
                let place = item.place(of: keys.name.path)
                if let earlier = places[name] {
                    findings.error(
                        at: place, key: keys.name.path, "the destination “\(name)” is there already, at \(earlier)",
                        hint: "give one another name")
                } else {
                    places[name] = place
                }
            }
            guard let whole = reading.whole else { continue }
            check(whole, item, into: &findings)
            let file = whole.secretFile ?? secretFile(whole.name, context.environment)
            read.append(Configuration.Destination(settings: whole, secretFile: file))
        }
        return read
    }

    /// Where systemd lays the credential down; outside the service, the directory that it has for this destination's unit.
    private static func secretFile(_ name: Name, _ environment: [String: String]) -> String {
        guard let directory = environment["CREDENTIALS_DIRECTORY"], directory.hasPrefix("/") else {
            return "/run/credentials/tributary-deliver@\(name).service/\(name)"
        }
        return directory.hasSuffix("/") ? "\(directory)\(name)" : "\(directory)/\(name)"
    }

    private static func check(
        _ settings: Section<Configuration.DestinationKeys>, _ item: Settings, into findings: inout Findings
    ) {
        let s3Keys = [
            keys.bucket.path, keys.prefix.path, keys.region.path, keys.endpoint.path, keys.pathStyle.path,
            keys.credentials.path, keys.secretFile.path, keys.credentialProcess.path, keys.serverSideEncryption.path,
        ]
        let execKeys = [keys.command.path, keys.timeout.path]
        refuse(settings.type == .s3 ? execKeys : s3Keys, "type: \(settings.type.rawValue)", item, into: &findings)
        func missing(_ key: KeyDescription, _ why: String) {
            // One that is set and wrong is in the findings.
            guard item.values[key.path]?.node.isNull ?? true else { return }
            findings.error(
                at: item.place, key: key.path,
                "“\(key.name)” is missing: the destination “\(settings.name)” has \(why)",
                hint: "add it: \(key.explanation)")
        }
        switch settings.type {
        case .s3:
            if settings.bucket == nil { missing(keys.bucket.description, "type s3") }
            if settings.region == nil, settings.endpoint == nil {
                missing(keys.region.description, "type s3 and no endpoint")
            }
            if settings.credentials == .process, settings.credentialProcess.isEmpty {
                missing(keys.credentialProcess.description, "credentials process")
            }
            if settings.credentials != .process {
                refuse(
                    [keys.credentialProcess.path], "credentials: \(settings.credentials.rawValue)", item,
                    into: &findings)
            }
            if settings.credentials != .static, settings.credentials != .auto {
                refuse([keys.secretFile.path], "credentials: \(settings.credentials.rawValue)", item, into: &findings)
            }
            checkProgram(settings.credentialProcess, keys.credentialProcess.description, item, into: &findings)
        case .exec:
            if settings.command.isEmpty { missing(keys.command.description, "type exec") }
            checkProgram(settings.command, keys.command.description, item, into: &findings)
        }
    }

    private static func checkProgram(
        _ words: [String], _ key: KeyDescription, _ item: Settings, into findings: inout Findings
    ) {
        guard let program = words.first, !program.hasPrefix("/") else { return }
        findings.error(
            at: item.place(of: key.path), key: key.path,
            "“\(key.name)”: \(LiteralSecret.quoted(program)) is not an absolute path",
            hint: "begin the program's path with /; a service has a PATH of its own")
    }

    private static func refuse(
        _ paths: [String], _ setting: String, _ item: Settings, into findings: inout Findings
    ) {
        for path in paths {
            guard let entry = item.values[path], !entry.node.isNull else { continue }
            findings.error(
                at: entry.key.place, key: path, "“\(entry.key.text)” has no meaning with \(setting)",
                hint: "take it out")
        }
    }
}

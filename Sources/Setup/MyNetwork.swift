import Configuration

/// “My domains and IPs”: the contents of the section `my_network`.
package struct MyNetwork: Sendable, Equatable {
    package var domains: [DomainName]
    package var ranges: [IPRange]

    package init(domains: [DomainName] = [], ranges: [IPRange] = []) {
        self.domains = domains
        self.ranges = ranges
    }

    /// The domains and addresses in a configuration.
    package init(_ configuration: Configuration) {
        self.init(domains: configuration.myNetwork.domains, ranges: configuration.myNetwork.ipRanges)
    }

    package var isEmpty: Bool { domains.isEmpty && ranges.isEmpty }

    /// The file in `conf.d` into which the section `my_network` is written, if no other file has that section.
    static let fileName = "my_network.yaml"

    var yaml: String {
        """
        # Made by `tributary network edit`: “My domains and IPs”, which count as internal.
        my_network:
          domains: \(YAMLScalar.list(domains.map(\.text)))
          ip_ranges: \(YAMLScalar.list(ranges.map(\.description)))

        """
    }

    fileprivate var lists: [(key: String, texts: [String])] {
        [("domains", domains.map(\.text)), ("ip_ranges", ranges.map(\.description))]
    }
}

extension ConfigurationEdit {
    /// Whether a configuration file contains a key of the section `my_network`, even with an empty value.
    package var saysMyNetwork: Bool {
        sources.contains { source in
            MyNetwork().lists.contains { source.place(of: ["my_network", $0.key]) != nil }
        }
    }

    /// Writes the section into the file that has it now, or into a separate file if no file has it.
    ///
    /// - Parameters:
    ///   - present: the configuration that is in the files now.
    ///   - context: the context in which the changed configuration is loaded.
    /// - Returns: the configuration after the change.
    /// - Throws: ``HandEdit`` if the section can't be changed safely, or `ConfigurationError` with the mistakes that the change would cause.
    package mutating func change(
        to new: MyNetwork, present: Configuration, _ context: ConfigurationContext
    ) throws -> Configuration {
        let own = dropIn(MyNetwork.fileName)
        if !saysMyNetwork, source(own) == nil {
            put(new.yaml, into: own)
        } else {
            for (key, texts) in new.lists {
                let file = sources.first { $0.place(of: ["my_network", key]) != nil }?.file ?? own
                if texts.isEmpty, source(file)?.place(of: ["my_network", key]) == nil { continue }
                try set(key, texts, in: file)
            }
        }
        let result = try load(context)
        guard ConfigurationChange(from: present, to: result).isLimited(to: "my_network."), MyNetwork(result) == new
        else { throw HandEdit(place: ConfigurationPlace(file: own), subject: "my_network") }
        return result
    }

    private mutating func set(_ key: String, _ texts: [String], in file: String) throws {
        let value = YAMLScalar.list(texts)
        guard let source = source(file) else { return put("my_network:\n  \(key): \(value)\n", into: file) }
        let place = source.place(of: ["my_network", key]) ?? source.place(of: ["my_network"])
        let problem = HandEdit(place: place ?? ConfigurationPlace(file: file), subject: "my_network")
        guard let top = source.place(of: ["my_network"]), var lines = source.lines,
            let outer = lines.block(line: top.line, column: top.column)
        else { throw problem }
        if let section = lines.block(under: "my_network", in: outer) {
            guard lines.set(key, value, in: section) else { throw problem }
        } else {
            guard lines.add("my_network", [(key, value)], in: outer) else { throw problem }
        }
        put(lines.text, into: file)
    }
}

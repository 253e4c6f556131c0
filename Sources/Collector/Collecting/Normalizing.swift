import Configuration
import FoundationEssentials
import Glibc
import OCSF

/// How events are mapped under a configuration: the settings, and the catalog with the rows that the configuration adds.
package struct Normalizing {
    package let settings: NormalizerSettings
    private let tables: [String]

    package init(_ configuration: Configuration) {
        settings = NormalizerSettings(
            rawData: configuration.record.rawData, observables: configuration.record.observables,
            datetime: configuration.record.datetime, flattenUnmapped: configuration.record.flattenUnmapped,
            network: MyNetwork(domains: configuration.myNetwork.domains, ranges: configuration.myNetwork.ipRanges),
            schemaVersion: SchemaVersion(configuration.record.schemaVersion))
        tables = configuration.record.catalogue
    }

    /// The built-in catalog with the configured tables. If two tables contain the same row, the later table wins.
    ///
    /// - Throws: `Daemon.StartError.configuration`, with the file and the line of an invalid row.
    package func catalog() throws(Daemon.StartError) -> EventCatalog {
        var texts: [(file: String, text: String)] = []
        for path in tables {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw .configuration(
                    "record.catalogue: \(path) can't be read: \(String(cString: strerror(errno))); "
                        + "check the path, and allow the service's user to read the file")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .configuration("record.catalogue: \(path) is not UTF-8 text; save it as UTF-8")
            }
            texts.append((path, text))
        }
        do throws(EventCatalogError) {
            return try EventCatalog.builtIn(with: texts)
        } catch {
            throw .configuration(error.description)
        }
    }
}

extension SchemaVersion {
    /// Converts the version in the configuration to the normalizer's type.
    package init(_ configured: Configuration.SchemaVersion) {
        switch configured {
        case .v1_3_0: self = .v1_3_0
        case .v1_5_0: self = .v1_5_0
        case .v1_8_0: self = .v1_8_0
        }
    }
}

extension MyNetwork {
    /// Converts domains and ranges from the configuration or the command line to the normalizer's type.
    package init(domains: [DomainName], ranges: [IPRange]) {
        self.init(
            domains: domains.map(\.text),
            ranges: ranges.compactMap { AddressRange(address: $0.address, prefixLength: $0.prefixLength) })
    }
}

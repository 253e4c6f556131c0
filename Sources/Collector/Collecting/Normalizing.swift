import Configuration
import FoundationEssentials
import Glibc
import OCSF

/// The mapping as a configuration asks for it: its settings, and the catalogue with the site's own rows.
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

    /// The built-in catalogue and, row by row on top of it, the site's tables; a later one wins.
    ///
    /// - Throws: `Daemon.StartError.configuration`, with file and line of a bad row.
    package func catalog() throws(Daemon.StartError) -> EventCatalog {
        var texts: [(file: String, text: String)] = []
        for path in tables {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw .configuration(
                    "record.catalogue: \(path) can't be read: \(String(cString: strerror(errno))); "
                        + "let the service's user read it")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .configuration("record.catalogue: \(path) is not text in UTF-8; save it as that")
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
    /// As the configuration writes it.
    package init(_ configured: Configuration.SchemaVersion) {
        switch configured {
        case .v1_3_0: self = .v1_3_0
        case .v1_5_0: self = .v1_5_0
        case .v1_8_0: self = .v1_8_0
        }
    }
}

extension MyNetwork {
    /// As the configuration and the command line write it.
    package init(domains: [DomainName], ranges: [IPRange]) {
        self.init(
            domains: domains.map(\.text),
            ranges: ranges.compactMap { AddressRange(address: $0.address, prefixLength: $0.prefixLength) })
    }
}

import Configuration
import Foundation
import OCSF

/// The mapping as a configuration asks for it: its settings, and the catalogue with the site's own rows.
package struct Normalizing {
    package let settings: NormalizerSettings
    private let tables: [String]

    package init(_ configuration: Configuration) {
        settings = NormalizerSettings(
            rawData: configuration.record.rawData, observables: configuration.record.observables,
            datetime: configuration.record.datetime, flattenUnmapped: configuration.record.flattenUnmapped,
            network: MyNetwork(domains: configuration.myNetwork.domains, ranges: configuration.myNetwork.ipRanges))
        tables = configuration.record.catalogue
    }

    /// The built-in catalogue and, row by row on top of it, the site's tables; a later one wins.
    ///
    /// - Throws: `Daemon.StartError.configuration`, with file and line of a bad row.
    package func catalog() throws(Daemon.StartError) -> EventCatalog {
        do {
            let texts = try tables.map { path in (file: path, text: try String(contentsOfFile: path, encoding: .utf8)) }
            return try EventCatalog.builtIn(with: texts)
        } catch let error as EventCatalogError {
            throw .configuration(error.description)
        } catch {
            throw .configuration("record.catalogue: \(error.localizedDescription)")
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

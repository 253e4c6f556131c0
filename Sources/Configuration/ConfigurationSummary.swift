import Foundation

/// What `tributary check` shows of a configuration: everything that counts, no secrets.
package struct ConfigurationSummary: Sendable, Encodable {
    package var files: [String]
    package var stateDirectory: String
    package var runtimeDirectory: String
    package var spool: Spool
    package var record: Record
    package var myNetwork: MyNetwork
    package var network: Network
    package var credentials: [Credential]
    package var integrations: [Integration]
    package var warnings: [ConfigurationProblem]

    /// Under `spool`.
    package struct Spool: Sendable, Encodable {
        var directory: String
        var compression: String
        var segmentMaxBytes: Int
        var segmentMaxAgeSeconds: Int
        var maxBytes: Int
        var retention: String
    }

    /// Under `record`.
    package struct Record: Sendable, Encodable {
        var rawData: Bool
        var observables: Bool
        var datetime: Bool
        var flattenUnmapped: Bool
        var catalogue: [String]
    }

    /// Under `my_network`.
    package struct MyNetwork: Sendable, Encodable {
        var domains: [String]
        var ipRanges: [String]
    }

    /// Under `network`; what is absent is left out.
    package struct Network: Sendable, Encodable {
        var caFile: String?
        var proxy: String?
    }

    /// One of `credentials`, without its secret.
    package struct Credential: Sendable, Encodable {
        var name: String
        var description: String?
        var type: String
        var permissions: String
        var expires: String?
        var secretFile: String
        var clientId: String?
        var keyId: String?
        var keyKind: String?
    }

    /// One of `integrations`.
    package struct Integration: Sendable, Encodable {
        var name: String
        var description: String?
        var url: String
        var dataIngest: DataIngest?
        var responseAction: ResponseAction?
    }

    /// Under `data_ingest`.
    package struct DataIngest: Sendable, Encodable {
        var credential: String
        var pollIntervalSeconds: Int
        var start: String
        var filter: String?
        var rateLimitShare: Double
        var pageSize: Int
    }

    /// Under `response_action`.
    package struct ResponseAction: Sendable, Encodable {
        var credential: String
    }

    /// JSON with the keys in snake case, sorted; durations in seconds and sizes in bytes.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension Configuration {
    /// The configuration in simple terms, for programs.
    package var summary: ConfigurationSummary {
        ConfigurationSummary(
            files: files, stateDirectory: stateDirectory, runtimeDirectory: runtimeDirectory,
            spool: .init(
                directory: spool.directory, compression: spool.compression.rawValue,
                segmentMaxBytes: spool.segmentMaxBytes.bytes, segmentMaxAgeSeconds: spool.segmentMaxAge.seconds,
                maxBytes: spool.maxBytes.bytes, retention: spool.retention.description),
            record: .init(
                rawData: record.rawData, observables: record.observables, datetime: record.datetime,
                flattenUnmapped: record.flattenUnmapped, catalogue: record.catalogue),
            myNetwork: .init(
                domains: myNetwork.domains.map(\.text), ipRanges: myNetwork.ipRanges.map(\.description)),
            network: .init(caFile: network.caFile, proxy: network.proxy?.text),
            credentials: credentials.map { credential in
                .init(
                    name: credential.name.text, description: credential.description, type: credential.type.rawValue,
                    permissions: credential.permissions.rawValue, expires: credential.expires?.description,
                    secretFile: credential.secretFile, clientId: credential.clientID, keyId: credential.keyID,
                    keyKind: credential.keyKind)
            },
            integrations: integrations.map { integration in
                .init(
                    name: integration.name.text, description: integration.description, url: integration.url.origin,
                    dataIngest: integration.dataIngest.map { ingest in
                        .init(
                            credential: ingest.credential.name.text, pollIntervalSeconds: ingest.pollInterval.seconds,
                            start: ingest.start.description, filter: ingest.filter,
                            rateLimitShare: ingest.rateLimitShare.value, pageSize: ingest.pageSize)
                    },
                    responseAction: integration.responseAction.map { .init(credential: $0.credential.name.text) })
            },
            warnings: warnings)
    }

    /// The configuration in a few lines for a person, without a newline at the end.
    package func describe() -> String {
        var lines: [String] = []
        func line(_ label: String, _ text: String) {
            lines.append(label + String(repeating: " ", count: max(1, 14 - label.count)) + text)
        }
        line("files", files.joined(separator: ", "))
        line("state", stateDirectory)
        line("runtime", runtimeDirectory)
        line("spool", spool.directory)
        line(
            "",
            "\(spool.compression.rawValue), segments of up to \(spool.segmentMaxBytes) or \(spool.segmentMaxAge), "
                + "pauses at \(spool.maxBytes), " + Self.words(spool.retention))
        line(
            "record",
            "raw data \(record.rawData ? "on" : "off"), observables \(record.observables ? "on" : "off")"
                + (record.datetime ? ", with datetime" : "") + (record.flattenUnmapped ? ", unmapped as text" : "")
                + (record.catalogue.isEmpty ? "" : ", catalogue \(record.catalogue.joined(separator: ", "))"))
        if !myNetwork.domains.isEmpty || !myNetwork.ipRanges.isEmpty {
            let parts = myNetwork.domains.map(\.text) + myNetwork.ipRanges.map(\.description)
            line("my network", parts.joined(separator: ", "))
        }
        if let caFile = network.caFile { line("CA file", caFile) }
        if let proxy = network.proxy { line("proxy", proxy.text) }
        line("credentials", credentials.isEmpty ? "none" : "\(credentials.count)")
        for credential in credentials {
            let expires = credential.expires.map { ", expires \($0)" } ?? ""
            let key = credential.keyKind.map { " (\($0))" } ?? ""
            line(
                "  \(credential.name)",
                "\(credential.type.rawValue)\(key), \(credential.permissions.rawValue)\(expires), "
                    + credential.secretFile)
        }
        line("integrations", integrations.isEmpty ? "none" : "\(integrations.count)")
        for integration in integrations {
            line("  \(integration.name)", integration.url.origin + (integration.description.map { " — \($0)" } ?? ""))
            if let ingest = integration.dataIngest {
                line(
                    "",
                    "ingests with \(ingest.credential.name) every \(ingest.pollInterval), first run from "
                        + "\(ingest.start), \(ingest.rateLimitShare) of the rate limit, pages of \(ingest.pageSize)")
                if let filter = ingest.filter { line("", "filter: \(filter)") }
            }
            if let response = integration.responseAction { line("", "acts with \(response.credential.name)") }
        }
        return lines.joined(separator: "\n")
    }

    private static func words(_ retention: Retention) -> String {
        switch retention {
        case .never: "nothing is deleted"
        case .after(let age): "deleted after \(age)"
        case .acknowledged: "deleted once all loaders have it"
        }
    }
}

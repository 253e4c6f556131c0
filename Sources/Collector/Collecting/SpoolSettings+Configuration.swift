import Configuration
import OCSF
import Spool

// Converts the keys of `spool:` to the spool's settings.

extension SpoolSettings {
    /// The age at which the first segments of a new integration are sealed, unless `spool.segment_max_age` is shorter. So its first files appear
    /// soon.
    package static let firstFiles = Duration.seconds(30)

    init(_ configuration: Configuration) {
        self.init(
            directory: configuration.spool.directory, stateDirectory: configuration.stateDirectory,
            compression: Compression(configuration.spool.compression),
            segmentMaxBytes: Int(configuration.spool.segmentMaxBytes.bytes),
            segmentMaxAge: configuration.spool.segmentMaxAge.duration,
            maxBytes: Int64(configuration.spool.maxBytes.bytes),
            retention: RetentionSetting(configuration.spool.retention),
            recordSchema: SchemaVersion(configuration.record.schemaVersion).name)
        firstSegmentMaxAge = Self.firstFiles
        expectedLoaders = configuration.destinations.map(\.name.text)
        restoredIdentities = max(8_192, Self.allRestoredIdentities / max(1, configuration.integrations.count))
    }

    /// The number of identities that are restored if the state of all integrations was lost; more than 1,024 integrations have 8,192 each.
    private static let allRestoredIdentities = 1 << 23
}

extension Compression {
    init(_ configured: Configuration.Compression) {
        switch configured {
        case .zstd: self = .zstd
        case .gzip: self = .gzip
        case .none: self = .none
        }
    }
}

extension RetentionSetting {
    fileprivate init(_ configured: Configuration.Retention) {
        switch configured {
        case .never: self = .never
        case .after(let age): self = .after(age.duration)
        case .acknowledged: self = .acknowledged
        }
    }
}

extension Configuration {
    /// How sealed segments are compressed.
    package enum Compression: String, Sendable, Hashable, CaseIterable {
        case zstd
        case gzip
        case none
    }
}

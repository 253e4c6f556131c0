/// The kind of destination to which segments are delivered.
package enum DestinationType: String, Sendable, Hashable, CaseIterable {
    /// Object storage with the S3 protocol: each segment becomes an object.
    case s3
    /// A command that gets each segment on its standard input.
    case exec
    /// A server that receives records over HTTP.
    case http

    /// A description for a person who chooses a type.
    package var about: String {
        switch self {
        case .s3: "a bucket of Amazon S3 or another store"
        case .exec: "a command of your own"
        case .http: "a search engine or a database"
        }
    }
}

/// The API of the server, for a destination of type `http`.
package enum DestinationProtocol: String, Sendable, Hashable, CaseIterable {
    /// The `_bulk` API of Elasticsearch and OpenSearch.
    case elasticsearch
    /// ClickHouse's HTTP interface.
    case clickhouse
    /// Splunk's HTTP Event Collector.
    case splunk
}

/// The format of objects in a bucket.
package enum DestinationFormat: String, Sendable, Hashable, CaseIterable {
    /// Unchanged segments.
    case ndjson
    /// A Parquet file for each segment.
    case parquet
}

/// How the keys of objects are made.
package enum DestinationLayout: String, Sendable, Hashable, CaseIterable {
    /// `integration=…/class=…/date=…/`: the spool's own paths.
    case hive
    /// The layout of Amazon Security Lake's custom sources.
    case securityLake = "security_lake"
}

/// Where an access key for S3 comes from.
package enum DestinationCredentials: String, Sendable, Hashable, CaseIterable {
    /// The first of these sources that this host has: `static`, `webIdentity`, `container`, `imds`.
    case auto
    /// A file on this host.
    case `static`
    /// AWS STS, in exchange for a web identity token.
    case webIdentity = "web_identity"
    /// The endpoint from which a container gets its credentials.
    case container
    /// The metadata service of an EC2 instance.
    case imds
    /// A command that prints the access key.
    case process
}

/// The encryption that Tributary requests from a store.
package enum ServerSideEncryption: String, Sendable, Hashable, CaseIterable {
    /// Encryption with the store's own keys.
    case aes256 = "AES256"
    /// Encryption with the bucket's key in AWS KMS.
    case kms = "aws:kms"
}

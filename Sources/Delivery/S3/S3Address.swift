/// Where a bucket is, and the addresses of its objects. A plain value.
package struct S3Address: Sendable, Equatable {
    package let bucket: String
    /// What keys begin with, without a slash at its end; `nil`: nothing.
    package let prefix: String?
    /// Another store than Amazon's: its scheme, host and port.
    package let endpoint: String?
    /// Whether the bucket is in the path; else it is part of the host's name.
    package let isPathStyle: Bool
    /// What requests are signed for, and with Amazon S3 a part of the host's name.
    package var region: String

    package init(bucket: String, prefix: String?, endpoint: String?, isPathStyle: Bool?, region: String?) {
        self.bucket = bucket
        self.prefix = prefix
        self.endpoint = endpoint
        // A dot makes a name that Amazon's certificate does not cover.
        self.isPathStyle = isPathStyle ?? (endpoint != nil || bucket.contains("."))
        self.region = region ?? "us-east-1"
    }

    /// The key of a segment's object: its path in the spool.
    package func key(_ path: String) -> String { prefix.map { "\($0)/\(path)" } ?? path }

    /// The address of an object.
    package func url(key: String) -> String {
        let path = PercentEncoding.encode(key, keepingSlash: true)
        let store: String
        if let endpoint {
            store = endpoint
        } else {
            let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
            store = "https://s3.\(region).\(domain)"
        }
        guard !isPathStyle else { return "\(store)/\(bucket)/\(path)" }
        guard let scheme = store.firstRange(of: "://") else { return "\(store)/\(bucket)/\(path)" }
        return "\(store[..<scheme.upperBound])\(bucket).\(store[scheme.upperBound...])/\(path)"
    }

    /// `s3://bucket/prefix`, for a person.
    package var shown: String { "s3://\(bucket)\(prefix.map { "/" + $0 } ?? "")" }
}

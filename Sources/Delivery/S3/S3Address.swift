/// The address of a bucket and of its objects. A plain value.
package struct S3Address: Sendable, Equatable {
    package let bucket: String
    /// The prefix of all keys, without a slash at its end; `nil` if there is no prefix.
    package let prefix: String?
    /// Scheme, host and port of a store other than Amazon S3; nil for Amazon S3.
    package let endpoint: String?
    /// Whether the bucket's name is in the path and not in the host name.
    package let isPathStyle: Bool
    /// The region for which requests are signed. With Amazon S3 it is also part of the host name.
    package var region: String

    package init(bucket: String, prefix: String?, endpoint: String?, isPathStyle: Bool?, region: String?) {
        self.bucket = bucket
        self.prefix = prefix
        self.endpoint = endpoint
        // A bucket's name with a dot goes into the path, because Amazon's certificate does not cover it as a part of the host name.
        self.isPathStyle = isPathStyle ?? (endpoint != nil || bucket.contains("."))
        self.region = region ?? "us-east-1"
    }

    /// The key of an object: the prefix, if there is one, and the object's path.
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

    /// The address as text for a person: `s3://bucket/prefix`.
    package var shown: String { "s3://\(bucket)\(prefix.map { "/" + $0 } ?? "")" }
}

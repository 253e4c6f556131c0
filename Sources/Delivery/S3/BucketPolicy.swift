import Configuration

/// The minimal AWS IAM policy for a destination's access key or role.
package struct BucketPolicy: Sendable, Equatable {
    /// The policy document.
    package let text: String

    /// Nil if the destination is not in Amazon S3.
    package init?(_ destination: Configuration.Destination) {
        guard destination.type == .s3, destination.endpoint == nil, let bucket = destination.bucket else { return nil }
        let region = destination.region ?? ""
        // China and the US government have separate AWS partitions.
        let partition = region.hasPrefix("cn-") ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        let prefix = destination.prefix.map { "\($0)/" } ?? ""
        // Other producers also write to a lake, so the policy allows only Tributary's own sources.
        let sources = destination.layout == .securityLake ? "\(destination.sourcePrefix)-" : ""
        let objects = "arn:\(partition):s3:::\(bucket)/\(prefix)\(sources)*"
        text = """
            {
              "Version": "2012-10-17",
              "Statement": [
                {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "\(objects)"}
              ]
            }
            """
    }
}

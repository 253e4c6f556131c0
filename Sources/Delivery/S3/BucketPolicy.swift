import Configuration

/// The policy of AWS IAM that a destination's access key or role needs, and no more.
package struct BucketPolicy: Sendable, Equatable {
    /// The policy document.
    package let text: String

    /// Nil if the destination is not in Amazon S3.
    package init?(_ destination: Configuration.Destination) {
        guard destination.type == .s3, destination.endpoint == nil, let bucket = destination.bucket else { return nil }
        let region = destination.region ?? ""
        // AWS's partitions: China and the American government have their own.
        let partition = region.hasPrefix("cn-") ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        let prefix = destination.prefix.map { "\($0)/" } ?? ""
        // Of a lake that others write to as well, the sources alone.
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

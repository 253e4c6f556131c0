/// The key that signs a request with AWS Signature Version 4. libcurl computes the signature (CURLOPT_AWS_SIGV4(3)).
///
/// libcurl signs all lines of ``HTTPRequest/headers``. Every libcurl from 7.88 on computes the same signature as the server if these rules are
/// followed:
///
/// - The path is percent-encoded, except for letters, digits and `-._~/`.
/// - The query is sorted and encoded, each part has the form `name=value`, and no value contains `%2B`.
/// - `x-amz-content-sha256` is present.
/// - No header occurs twice or is empty, and no header's name is the beginning of another header's name.
package struct RequestSignature: Sendable, CustomStringConvertible, CustomReflectable {
    let provider: String
    let keyID: String
    let secret: String

    /// - Parameters:
    ///   - region: such as `eu-central-1`.
    ///   - service: such as `s3`.
    ///   - keyID: the access key's id.
    ///   - secret: the secret access key.
    package init(region: String, service: String, keyID: String, secret: String) {
        provider = "aws:amz:\(region):\(service)"
        self.keyID = keyID
        self.secret = secret
    }

    package var description: String { "a signing key (not shown)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

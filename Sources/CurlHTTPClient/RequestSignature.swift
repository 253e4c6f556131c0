/// The key that signs a request with AWS Signature Version 4. libcurl makes the signature (CURLOPT_AWS_SIGV4(3)).
///
/// libcurl signs all lines of ``HTTPRequest/headers``. For a signature that every libcurl from 7.88 on computes as the server does:
///
/// - The path is percent-encoded, all bytes but letters, digits and `-._~/`.
/// - The query is sorted and encoded, each part is `name=value`, and no value holds `%2B`.
/// - `x-amz-content-sha256` is there.
/// - No header comes twice or is empty, and no header's name begins with the whole name of another.
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

    package var description: String { "a signature's key (not shown)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

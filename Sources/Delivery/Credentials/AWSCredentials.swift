import FoundationEssentials
import Time

/// An access key of AWS. Printing this value does not show the key.
package struct AWSCredentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package let keyID: String
    package let secret: String
    /// The session token of a temporary key.
    package let sessionToken: String?
    /// When the key expires, milliseconds since 1970; `nil` if it never expires.
    package let expires: Int64?

    /// `nil` if a part of the key is empty or too long, or has characters that a header can't contain.
    package init?(keyID: String, secret: String, sessionToken: String?, expires: Int64?) {
        func isUsable(_ text: String, _ limit: Int) -> Bool {
            !text.isEmpty && text.utf8.count <= limit && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
        guard isUsable(keyID, 128), isUsable(secret, 256) else { return nil }
        if let sessionToken, !isUsable(sessionToken, 16 << 10) { return nil }
        self.keyID = keyID
        self.secret = secret
        self.sessionToken = sessionToken
        self.expires = expires
    }

    package var description: String { "an access key (not shown)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Reads the JSON that a credential process writes. The endpoints of containers and instances return the same JSON, but with `Token` instead of
    /// `SessionToken` (https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html).
    init?(json: [UInt8]) {
        struct Document: Decodable {
            var AccessKeyId: String
            var SecretAccessKey: String
            var SessionToken: String?
            var Token: String?
            var Expiration: String?
        }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(json)) else { return nil }
        var expires: Int64?
        if let text = document.Expiration {
            guard let time = CivilTime.milliseconds(rfc3339: text) else { return nil }
            expires = time
        }
        self.init(
            keyID: document.AccessKeyId, secret: document.SecretAccessKey,
            sessionToken: document.SessionToken ?? document.Token, expires: expires)
    }

    /// Reads a file that contains one key, either in the form of `~/.aws/credentials`, or as the JSON that a credential process writes.
    init?(file text: String) {
        if text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
            self.init(json: Array(text.utf8))
            return
        }
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let trimmed = Self.trimmed(line)
            if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix(";") || trimmed.hasPrefix("[") {
                continue
            }
            guard let equals = trimmed.firstIndex(of: "=") else { return nil }
            let name = Self.trimmed(trimmed[..<equals]).lowercased()
            // A file with two keys is refused, because it is not clear which key is meant.
            guard values[name] == nil else { return nil }
            values[name] = String(Self.trimmed(trimmed[trimmed.index(after: equals)...]))
        }
        guard let keyID = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else { return nil }
        self.init(keyID: keyID, secret: secret, sessionToken: values["aws_session_token"], expires: nil)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

import Configuration

/// Checks a secret before it is stored for a destination.
package enum DestinationSecret {
    /// Describes what is wrong with a secret, without repeating any part of it. Nil if nothing is wrong. A secret for a command can be any UTF-8
    /// text.
    package static func problem(_ secret: [UInt8], of destination: Configuration.Destination) -> String? {
        guard let text = String(validating: secret, as: UTF8.self) else { return "the secret is not UTF-8 text" }
        switch destination.type {
        case .s3:
            return AWSCredentials(file: text) == nil
                ? "this is not an access key: write the lines aws_access_key_id = … and aws_secret_access_key = …" : nil
        case .http: return ServiceSecret(text) == nil ? "a token or password must be one line of text" : nil
        case .exec: return nil
        }
    }
}

/// A token or password, without the white space around it.
struct ServiceSecret {
    let text: String

    /// `nil` if the text is empty, or can't be part of a header.
    init?(_ text: String) {
        let word = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !word.isEmpty, word.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        self.text = word
    }
}

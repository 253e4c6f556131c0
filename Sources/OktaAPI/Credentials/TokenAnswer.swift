import CurlHTTPClient
import FoundationEssentials

/// What an answer of the token endpoint means (RFC 6749, 5; RFC 9449, 5 and 8; Okta's OAuth error codes).
enum TokenAnswer: Sendable {
    /// An access token.
    case token(AccessToken.Value, expiresIn: Duration)
    /// The app's tokens are bound to a key (DPoP), and the request carried no valid proof.
    case needsProof(TokenRefusal)
    /// The proof lacks the server's nonce, or contains an old one.
    case needsNonce(TokenRefusal)
    /// A person has to correct the app or the configuration.
    case refused(TokenRefusal)
    /// No token is available now, or the status suggests that the answer does not come from Okta. The caller gets this answer instead of an answer
    /// to its own request; ``LogAnswer`` or ``OktaCallError`` turns it into a message.
    case unavailable(HTTPResponse)
    /// The answer is a 200 without a usable token.
    case unusable(reason: String)

    /// The maximum size of an access token in bytes. Okta's tokens have about a thousand bytes.
    static let maximumTokenBytes = 16 << 10
    /// The assumed lifetime of a token if the answer does not say how long the token is valid. RFC 6749 allows such an answer. The value is small,
    /// because requesting a token early costs little.
    static let defaultLife = Duration.seconds(300)

    init(_ response: HTTPResponse, host: String, clientID: String, scope: String) {
        guard response.status != 200 else {
            self = Self.token(in: response.body)
            return
        }
        let error = OktaError(body: response.body)
        let refusal = TokenRefusal(
            host: host, clientID: clientID, scope: scope, status: response.status, code: error.code, said: error.text)
        switch (response.status, error.code) {
        case (400, "invalid_dpop_proof"): self = .needsProof(refusal)
        case (400...401, "use_dpop_nonce"): self = .needsNonce(refusal)
        case (400, "temporarily_unavailable"), (300..<400, _), (404, _),
            (405, _), (408, _), (410, _), (425, _), (429, _), (500..., _):
            self = .unavailable(response)
        default: self = .refused(refusal)
        }
    }

    private static func token(in body: [UInt8]) -> TokenAnswer {
        guard !OktaError(body: body).isHTML else { return .unusable(reason: "a web page instead of a token") }
        guard let form = try? JSONDecoder().decode(Form.self, from: Data(body)), let token = form.access_token else {
            return .unusable(reason: "no token in the answer")
        }
        guard !token.isEmpty, token.utf8.count <= maximumTokenBytes,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return .unusable(reason: "a token that can't be sent in a header") }
        let scheme: AccessToken.Scheme
        switch form.token_type?.lowercased() {
        case "bearer": scheme = .bearer
        case "dpop": scheme = .dpop
        default: return .unusable(reason: "a token of an unknown type")
        }
        let life = form.expires_in.map { Duration.seconds(min(max($0, 1), 86_400)) }
        return .token(AccessToken.Value(text: token, scheme: scheme), expiresIn: life ?? defaultLife)
    }

    private struct Form: Decodable {
        // RFC 6749 defines these names.
        var access_token, token_type: String?
        var expires_in: Double?
    }
}

import Crypto
import Foundation

/// The org's authorization server: issues access tokens to service apps, and checks tokens. It is as strict as Okta about signatures,
/// times, replays and proofs (Okta's guides to service apps and DPoP; RFC 7523, RFC 9449).
struct AuthorizationServer: Sendable {
    /// Why the token endpoint, or an endpoint that needs an access token, refused a request.
    struct Refusal: Error {
        let status: Int
        let code: String
        let reason: String
        /// Whether the answer contains the current nonce, because the client's proof lacked it.
        var givesNonce = false
        /// The missing scope.
        var scope: String?
    }

    private struct Issued {
        var clientID: String
        var scopes: [String]
        var end: Int64
        /// The thumbprint of the key to which the token is bound (DPoP); nil if it is not bound.
        var boundTo: String?
    }

    /// The longest time for which a client assertion may be valid: an hour, in seconds.
    private static let maximumAssertion: Int64 = 3600
    /// The maximum age of a DPoP proof, in seconds.
    private static let proofWindow: Int64 = 300
    /// The maximum number of tokens that the server remembers. Also the maximum number of identifiers of assertions and proofs. At the maximum, the
    /// server forgets expired entries. If none has expired, it refuses the request.
    private static let maximumRemembered = 100_000

    private let apps: [String: (app: ServiceApp, keys: [PublicJWK])]
    private let nonceSeconds: Int64
    private let wantsNonceAtResources: Bool
    private let seed: UInt64
    private var tokens: [String: Issued] = [:]
    /// Identifiers of assertions and proofs that clients have used, each with the time (in seconds) after which the server may forget it.
    private var seen: [String: Int64] = [:]
    private(set) var issued = 0

    init(_ settings: OrgSettings) throws {
        var apps: [String: (ServiceApp, [PublicJWK])] = [:]
        for app in settings.serviceApps {
            let keys = app.publicKeys.compactMap(PublicJWK.read)
            guard keys.count == app.publicKeys.count, !keys.isEmpty else {
                throw SimulatorError.badSetting(
                    name: "serviceApps",
                    reason: "\(app.clientID) needs public keys as JWK: RSA of at least 2048 bits, or EC P-256")
            }
            apps[app.clientID] = (app, keys.flatMap(\.self))
        }
        self.apps = apps
        nonceSeconds = Int64(max(1, settings.nonceSeconds))
        wantsNonceAtResources = settings.wantsNonceAtResources
        seed = settings.seed
    }

    var isInUse: Bool { !apps.isEmpty }

    /// The current nonce, which changes every `nonceSeconds`.
    func nonce(now: Int64) -> String {
        Base64URL.encode(SHA256.hash(data: Data("\(seed) \(now / 1000 / nonceSeconds)".utf8)).prefix(18))
    }

    mutating func revokeAll() -> Int {
        defer { tokens = [:] }
        return tokens.count
    }

    // MARK: The token endpoint

    /// Issues a token and returns the body of the answer.
    mutating func token(_ request: HTTPRequest, url: String, now: Int64) throws(Refusal) -> [UInt8] {
        let form = try Self.form(request)
        guard form["grant_type"] == "client_credentials" else {
            throw Refusal(status: 400, code: "unsupported_grant_type", reason: "The grant type is not supported.")
        }
        guard form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            let assertion = form["client_assertion"]
        else { throw Self.invalidClient("Client authentication failed: no client_assertion.") }
        let app = try client(assertion, url: url, now: now / 1000)
        let scopes = (form["scope"] ?? "").split(separator: " ").map(String.init)
        guard !scopes.isEmpty, scopes.allSatisfy(app.scopes.contains) else {
            throw Refusal(
                status: 400, code: "invalid_scope",
                reason: "One or more scopes are not configured for the authorization server resource.")
        }
        var boundTo: String?
        if app.requiresDPoP || request.header("dpop") != nil {
            boundTo = try proof(request, url: url, token: nil, wantsNonce: true, now: now)
        }
        let token = Base64URL.encode((0..<48).map { _ in UInt8.random(in: .min ... .max) })
        if tokens.count >= Self.maximumRemembered { tokens = tokens.filter { $0.value.end > now } }
        guard tokens.count < Self.maximumRemembered else {
            throw Refusal(status: 500, code: "server_error", reason: "Too many tokens.")
        }
        tokens[token] = Issued(
            clientID: app.clientID, scopes: scopes, end: now + Int64(app.tokenSeconds) * 1000, boundTo: boundTo)
        issued += 1
        return Array(
            """
            {"token_type":"\(boundTo == nil ? "Bearer" : "DPoP")","expires_in":\(app.tokenSeconds),\
            "access_token":"\(token)","scope":"\(scopes.joined(separator: " "))"}
            """.utf8)
    }

    private mutating func client(_ text: String, url: String, now: Int64) throws(Refusal) -> ServiceApp {
        guard let jwt = SignedJWT(text), let issuer = jwt.text("iss"), let (app, keys) = apps[issuer],
            jwt.text("sub") == issuer
        else { throw Self.invalidClient("Invalid value for 'client_id' parameter.") }
        let name = jwt.header["alg"] as? String ?? ""
        let id = jwt.header["kid"] as? String
        let candidates = keys.filter { id == nil || $0.keyID == id }
        guard !candidates.isEmpty else { throw Self.invalidClient("The 'kid' of the client_assertion is unknown.") }
        guard id != nil || keys.count == 1 else {
            throw Self.invalidClient("The client_assertion needs a 'kid': the app has several keys.")
        }
        guard candidates.contains(where: { $0.verifies(jwt.signature, of: jwt.signed, algorithm: name) }) else {
            throw Self.invalidClient("The client_assertion signature is invalid.")
        }
        guard jwt.text("aud") == url else {
            throw Self.invalidClient("The audience of the client_assertion must be the endpoint invoked.")
        }
        guard let end = jwt.time("exp"), end > now else {
            throw Self.invalidClient("The client_assertion token is expired.")
        }
        guard end <= now + Self.maximumAssertion else {
            throw Self.invalidClient("The client_assertion token has an expiration too far into the future.")
        }
        if let start = jwt.time("iat"), start > now {
            throw Self.invalidClient("The client_assertion token was issued in the future.")
        }
        if let unique = jwt.text("jti"), !remember("a \(issuer) \(unique)", until: end, now: now) {
            throw Self.invalidClient("The client_assertion token has already been used.")
        }
        return app
    }

    // MARK: Resources

    /// Verifies a request's access token and its DPoP proof.
    /// - Parameter scopes: the token needs one of these scopes.
    mutating func check(
        _ request: HTTPRequest, url: String, scopes: [String], now: Int64
    ) throws(Refusal) -> ServiceApp {
        let words = (request.header("authorization") ?? "").split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2, let token = tokens[words[1]], token.end > now, let (app, _) = apps[token.clientID]
        else {
            throw Refusal(status: 401, code: "invalid_token", reason: "The access token is invalid.")
        }
        if let boundTo = token.boundTo {
            guard words[0] == "DPoP" else {
                throw Refusal(
                    status: 400, code: "dpop_authentication_scheme_required",
                    reason: "The token is DPoP bound: the DPoP scheme must be used.")
            }
            guard request.header("dpop") != nil else {
                throw Refusal(
                    status: 400, code: "dpop_proof_required_for_token", reason: "The token needs a DPoP proof.")
            }
            let key = try proof(request, url: url, token: words[1], wantsNonce: wantsNonceAtResources, now: now)
            guard key == boundTo else { throw Self.badProof("The key of the DPoP proof is not the key of the token.") }
        } else if words[0] != "Bearer" {
            throw Refusal(
                status: 401, code: "access_token_not_dpop_bound", reason: "The access token is not bound to a DPoP key."
            )
        }
        guard scopes.contains(where: token.scopes.contains) else {
            throw Refusal(
                status: 403, code: "insufficient_scope",
                reason: "The access token provided does not contain the required scopes.", scope: scopes.first)
        }
        return app
    }

    /// Verifies the DPoP proof, and returns the thumbprint of its key.
    private mutating func proof(
        _ request: HTTPRequest, url: String, token: String?, wantsNonce: Bool, now: Int64
    ) throws(Refusal) -> String {
        let proofs = request.headers.filter { $0.name == "dpop" }
        guard let text = proofs.first?.value else { throw Self.badProof("The DPoP proof JWT header is missing.") }
        guard proofs.count == 1 else { throw Self.badProof("There is more than one DPoP header.") }
        guard let jwt = SignedJWT(text), jwt.header["typ"] as? String == "dpop+jwt",
            let name = jwt.header["alg"] as? String,
            let key = (jwt.header["jwk"] as? [String: Any]).flatMap(PublicJWK.init)
        else { throw Self.badProof("The DPoP proof JWT has a bad typ, alg or jwk.") }
        guard key.verifies(jwt.signature, of: jwt.signed, algorithm: name) else {
            throw Self.badProof("The DPoP proof JWT signature is invalid.")
        }
        guard jwt.text("htm") == request.method else {
            throw Self.badProof("'htm' claim in the DPoP proof is invalid.")
        }
        guard jwt.text("htu") == url else { throw Self.badProof("'htu' claim in the DPoP proof is invalid.") }
        guard let made = jwt.time("iat"), made <= now / 1000, made >= now / 1000 - Self.proofWindow else {
            throw Self.badProof("'iat' claim in the DPoP proof is too old or in the future.")
        }
        guard let unique = jwt.text("jti"), !unique.isEmpty else { throw Self.badProof("'jti' claim is missing.") }
        if let token {
            guard jwt.text("ath") == Base64URL.encode(SHA256.hash(data: Data(token.utf8))) else {
                throw Self.badProof("'ath' claim in the DPoP proof is invalid.")
            }
        }
        if wantsNonce, jwt.text("nonce") != nonce(now: now) {
            throw Refusal(
                status: token == nil ? 400 : 401, code: "use_dpop_nonce",
                reason: "Authorization server requires nonce in DPoP proof.", givesNonce: true)
        }
        guard remember("p \(key.thumbprint) \(unique)", until: made + Self.proofWindow, now: now / 1000) else {
            throw Self.badProof("The DPoP proof JWT has already been used.")
        }
        return key.thumbprint
    }

    /// Remembers an identifier. Returns false if the identifier is already known, or if too many are remembered.
    private mutating func remember(_ name: String, until end: Int64, now: Int64) -> Bool {
        if seen.count >= Self.maximumRemembered { seen = seen.filter { $0.value >= now } }
        guard seen.count < Self.maximumRemembered else { return false }
        return seen.updateValue(end, forKey: name) == nil
    }

    private static func form(_ request: HTTPRequest) throws(Refusal) -> [String: String] {
        let kind = request.header("content-type")?.prefix { $0 != ";" }
        guard kind == "application/x-www-form-urlencoded", let body = String(validating: request.body, as: UTF8.self)
        else { throw Refusal(status: 400, code: "invalid_request", reason: "The content type is not supported.") }
        var form: [String: String] = [:]
        for pair in body.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                $0.replacing("+", with: " ").removingPercentEncoding
            }
            guard parts.count == 2, let name = parts[0], let value = parts[1],
                form.updateValue(value, forKey: name) == nil
            else { throw Refusal(status: 400, code: "invalid_request", reason: "The request is malformed.") }
        }
        return form
    }

    private static func invalidClient(_ reason: String) -> Refusal {
        Refusal(status: 401, code: "invalid_client", reason: reason)
    }

    private static func badProof(_ reason: String) -> Refusal {
        Refusal(status: 400, code: "invalid_dpop_proof", reason: reason)
    }
}

import CurlHTTPClient
import FoundationEssentials

/// An OAuth 2.0 service app at an org's own authorization server: `client_credentials` with `private_key_jwt`, and DPoP if the org requires
/// it.
///
/// All collectors that use this app share one credential. While one of them requests a token, the others that need a token wait for the same request.
package actor OAuthCredential: Credential {
    /// A service app, as it is registered with Okta.
    package struct App: Sendable, Hashable {
        /// The client ID that the app's page in Okta shows.
        package var clientID: String
        /// The `kid` of the key; nil to use the `kid` in the key's file, if there is one.
        package var keyID: String?
        /// The scopes to request, by Okta's names, such as `okta.logs.read`. Each scope must be granted to the app.
        package var scopes: [String]

        /// Creates the description of an app.
        package init(clientID: String, keyID: String?, scopes: [String]) {
            self.clientID = clientID
            self.keyID = keyID
            self.scopes = scopes
        }
    }

    /// The maximum size of a private key's file. A larger file is refused.
    private static let maximumKeyBytes = 64 << 10
    /// The maximum length of a nonce. A longer nonce is ignored.
    private static let maximumNonceBytes = 1024

    private let app: App
    private let host: String
    private let tokenURL: String
    private let key: SecretFile<ServiceAppKey, CredentialError>
    private let transport: any HTTPTransport
    private let localTime: @Sendable () -> UTCTime
    private let clock = ContinuousClock()
    private var proofKey: ProofKey?
    private var life: TokenLife
    private var server = ServerClock()
    /// The nonce of the resource server. The token endpoint has a separate one, which `TokenLife` holds (RFC 9449, 8 and 9).
    private var resourceNonce: String?
    private var asking: Task<TransportError?, Never>?

    /// Creates the credential without sending a request.
    ///
    /// - Parameter keyPath: the file with the private key.
    package init(
        _ app: App, org: OrgURL, keyPath: String, transport: any HTTPTransport,
        seed: UInt64 = .random(in: .min ... .max),
        localTime: @escaping @Sendable () -> UTCTime = {
            UTCTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        }
    ) {
        self.app = app
        self.transport = transport
        self.localTime = localTime
        host = org.host
        tokenURL = "\(org.origin)/oauth2/v1/token"
        key = Self.keyFile(keyPath)
        life = TokenLife(seed: seed)
    }

    /// A file with a private key. The file is read when the key is used.
    package static func keyFile(_ path: String) -> SecretFile<ServiceAppKey, CredentialError> {
        SecretFile(path: path, maximumBytes: maximumKeyBytes) { text throws(CredentialError) in
            do throws(PrivateKeyProblem) {
                return try ServiceAppKey(parsing: text)
            } catch {
                throw text.allSatisfy(\.isWhitespace) ? .empty(place: path) : .key(place: path, error)
            }
        }
    }

    package nonisolated var version: SecretVersion? { key.version }

    package func authorize(_ request: inout HTTPRequest) async throws(AuthorizationFailure) {
        let token = try await token()
        request.headers.set("Authorization", "\(token.scheme.rawValue) \(token.text)")
        guard token.scheme == .dpop else { return }
        do throws(CredentialError) {
            request.headers.set(
                "DPoP", try await proof(of: request.method, request.url, nonce: resourceNonce, for: token))
        } catch {
            throw .credential(error)
        }
    }

    package func answered(_ response: HTTPResponse, to request: HTTPRequest) -> AuthorizationAdvice {
        server.learn(from: response.headers, local: localTime())
        let nonce = Self.nonce(in: response)
        if let nonce { resourceNonce = nonce }
        switch (response.status, BearerChallenge.code(in: response)) {
        case (400...401, "use_dpop_nonce"):
            return nonce == nil ? .refused : .tryAgainWithNewProof
        case (400...401, "invalid_dpop_proof"):
            return .tryAgainWithNewProof
        case (400, "dpop_proof_required_for_token"), (400, "dpop_authentication_scheme_required"):
            life.mustProve()
            reject(request)
            return .tryAgainWithNewToken
        case (401, _):
            reject(request)
            return .tryAgainWithNewToken
        case (403, _):
            // A token keeps the scopes with which it was issued. If a scope has been granted later, a new token is needed.
            reject(request)
            return .asItIs
        default: return .asItIs
        }
    }

    /// If the key was replaced, the next request uses a token issued for the new key.
    package func readAgain() {
        if key.isReplaced { life.dropToken() }
        key.forget()
        life.keyReplaced()
    }

    private func reject(_ request: HTTPRequest) {
        let words = (request.headers.first("Authorization") ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, let scheme = AccessToken.Scheme(rawValue: String(words[0])) else { return }
        life.rejected(AccessToken.Value(text: String(words[1]), scheme: scheme))
    }

    // MARK: Access tokens

    private func token() async throws(AuthorizationFailure) -> AccessToken.Value {
        while true {
            switch life.step(now: clock.now) {
            case .use(let token): return token.value
            case .refused(let error):
                guard key.isReplaced else { throw .credential(error) }
                life.keyReplaced()
            case .unavailable(let response): throw .answer(response)
            case .ask:
                guard let error = await asked() else { continue }
                if let token = life.serving(now: clock.now) { return token.value }
                // If another caller is cancelled, the shared request ends with the error `cancelled`. This caller then requests a token again.
                if error.kind == .cancelled, !Task.isCancelled { continue }
                throw .transport(error)
            }
        }
    }

    /// Requests a token, or waits for a request that is already pending.
    private func asked() async -> TransportError? {
        let task =
            asking
            ?? Task {
                let error = await ask()
                asking = nil
                return error
            }
        asking = task
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func ask() async -> TransportError? {
        while true {
            let request: HTTPRequest
            let offset = server.offset
            do throws(CredentialError) {
                request = try await tokenRequest()
            } catch {
                life.couldNotAsk(error, now: clock.now)
                return nil
            }
            let sent = clock.now
            let response: HTTPResponse
            do throws(TransportError) {
                response = try await transport.send(request)
            } catch {
                life.failed(now: clock.now)
                return error
            }
            server.learn(from: response.headers, local: localTime())
            let answer = TokenAnswer(
                response, host: host, clientID: app.clientID, scope: app.scopes.joined(separator: " "))
            let settlement = life.received(
                answer, host: host, nonce: Self.nonce(in: response), sent: sent, now: clock.now,
                clockMoved: abs(server.offset - offset) >= 1000)
            if settlement == .settled { return nil }
        }
    }

    private func tokenRequest() async throws(CredentialError) -> HTTPRequest {
        let key = try key.value()
        let assertion: String
        do {
            assertion = try await ClientAssertion(clientID: app.clientID, keyID: app.keyID, audience: tokenURL)
                .signed(with: key, now: server.seconds(local: localTime()))
        } catch {
            throw .signing(reason: "its type is \(key.kind)")
        }
        let form = [
            ("grant_type", "client_credentials"), ("scope", app.scopes.joined(separator: " ")),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ]
        var headers = HTTPHeaders([
            .init("Accept", "application/json"), .init("Content-Type", "application/x-www-form-urlencoded"),
        ])
        if life.usesProof { headers.set("DPoP", try await proof(of: .post, tokenURL, nonce: life.nonce, for: nil)) }
        return HTTPRequest(
            .post, tokenURL, headers: headers,
            body: Array(form.map { "\($0)=\($1.percentEncoded)" }.joined(separator: "&").utf8),
            limits: HTTPLimits(total: .seconds(30), stall: .seconds(30), bodyBytes: 64 << 10))
    }

    private func proof(
        of method: HTTPMethod, _ url: String, nonce: String?, for token: AccessToken.Value?
    ) async throws(CredentialError) -> String {
        do {
            let key = try proofKey ?? ProofKey()
            proofKey = key
            return try await key.proof(
                of: method, url, nonce: nonce, accessToken: token?.text, now: server.seconds(local: localTime()))
        } catch {
            throw .proof
        }
    }

    private static func nonce(in response: HTTPResponse) -> String? {
        guard let nonce = response.headers.first("DPoP-Nonce"), !nonce.isEmpty, nonce.utf8.count <= maximumNonceBytes,
            nonce.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return nonce
    }
}

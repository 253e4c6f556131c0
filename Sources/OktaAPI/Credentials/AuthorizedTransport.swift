import CurlHTTPClient

/// Sends requests with a credential. If the server requires another nonce, the request is repeated immediately with a new proof. If the server no
/// longer accepts the access token, the request is repeated with a new token. The caller therefore gets a 401 only if a person has to do something.
package struct AuthorizedTransport: Sendable {
    /// Why a request got no answer.
    package enum Failure: Error, Sendable {
        /// There is no usable credential. The request was not sent, or the org refused it.
        case credential(CredentialError)
        /// The answer of the org, or of its token endpoint, did not arrive completely.
        case transport(TransportError)
    }

    /// The maximum number of times that one request is repeated with a new proof: two, because the nonce may change while the first repetition is on
    /// its way.
    static let newProofs = 2
    /// The maximum number of times that one request is repeated with a new access token.
    static let newTokens = 1

    private let transport: any HTTPTransport

    /// Wraps a transport. This is cheap enough to be done for each request.
    package init(_ transport: any HTTPTransport) { self.transport = transport }

    /// Sends `request` with `credential`, at most `1 + newProofs + newTokens` times.
    package func send(
        _ request: HTTPRequest, as credential: any Credential
    ) async throws(Failure) -> HTTPResponse {
        var newProofs = Self.newProofs
        var newTokens = Self.newTokens
        while true {
            var attempt = request
            do throws(AuthorizationFailure) {
                try await credential.authorize(&attempt)
            } catch {
                switch error {
                case .credential(let error): throw .credential(error)
                case .transport(let error): throw .transport(error.ofTokenEndpoint)
                case .answer(var response):
                    response.isOfTokenEndpoint = true
                    return response
                }
            }
            var response: HTTPResponse
            do throws(TransportError) {
                response = try await transport.send(attempt)
            } catch {
                throw .transport(error)
            }
            switch await credential.answered(response, to: attempt) {
            case .asItIs: return response
            case .tryAgainWithNewProof where newProofs > 0: newProofs -= 1
            case .tryAgainWithNewToken where newTokens > 0: newTokens -= 1
            case .tryAgainWithNewProof, .tryAgainWithNewToken, .refused:
                response.status = 401
                return response
            }
        }
    }
}

extension TransportError {
    /// The error of a token request. A time-out is changed to a connection error. After a time-out, the pager requests a smaller page of the log,
    /// which would not help here.
    fileprivate var ofTokenEndpoint: TransportError {
        kind == .timeout ? TransportError(.connect, host: host, detail: "the token endpoint: \(detail)") : self
    }
}

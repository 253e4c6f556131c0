import Foundation

/// Checks a request's credential against the requirements of an endpoint.
extension OrgService {
    enum Admission {
        case granted(Principal)
        /// The request is refused. It came with an access token, so the answer has OAuth's `WWW-Authenticate` header.
        case refused(HTTPReply)
    }

    /// - Parameters:
    ///   - scopes: a service app needs one of these scopes.
    ///   - permissions: an administrator needs all of these permissions.
    func authorize(_ exchange: Exchange, scopes: [String], permissions: [String]) throws(OktaError) -> Admission {
        let request = exchange.request
        guard let value = request.header("authorization"), !value.isEmpty else { throw .noSession }
        let principal: Principal
        if value.hasPrefix("SSWS ") {
            guard let token = state.withLock({ $0.directory.token(String(value.dropFirst(5))) }) else {
                throw .invalidToken
            }
            principal = .token(token)
        } else {
            guard state.withLock({ $0.authorization.isInUse }) else { throw .invalidToken }
            switch verify(exchange, scopes) {
            case .success(let app): principal = .app(app)
            case .failure(let refusal): return .refused(challenge(exchange, refusal))
            }
        }
        guard permissions.allSatisfy(principal.rights.allow) else { throw .noPermission }
        return .granted(principal)
    }

    private func verify(_ exchange: Exchange, _ scopes: [String]) -> Result<ServiceApp, AuthorizationServer.Refusal> {
        // Okta decodes the path before it compares a proof's `htu`, so an `htu` with %40 never matches.
        let path = String(exchange.request.path)
        let url = exchange.origin + (path.removingPercentEncoding ?? path)
        return state.withLock { state -> Result<ServiceApp, AuthorizationServer.Refusal> in
            do throws(AuthorizationServer.Refusal) {
                return .success(
                    try state.authorization.check(exchange.request, url: url, scopes: scopes, now: exchange.now))
            } catch {
                return .failure(error)
            }
        }
    }

    private func challenge(_ exchange: Exchange, _ refusal: AuthorizationServer.Refusal) -> HTTPReply {
        let scheme = exchange.request.header("authorization")?.hasPrefix("DPoP ") == true ? "DPoP" : "Bearer"
        var reply = exchange.failure(OktaError(status: refusal.status, code: refusal.code, summary: refusal.reason))
        let scope = refusal.scope.map { " scope=\"\($0)\"," } ?? ""
        reply.headers.append(
            (
                "WWW-Authenticate",
                "\(scheme) realm=\"\(exchange.origin)\",\(scope) error=\"\(refusal.code)\", error_description=\"\(refusal.reason)\""
            ))
        if refusal.givesNonce {
            reply.headers.append(("dpop-nonce", state.withLock { $0.authorization.nonce(now: exchange.now) }))
        }
        return reply
    }
}

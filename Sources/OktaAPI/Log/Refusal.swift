import CurlHTTPClient

/// What an answer with a status other than 200 and 429 means for reading a log. The status is examined before Okta's code, because the same code
/// occurs with different statuses. For example, E0000053 occurs with 400 and with 500 (Okta System Log query documentation).
struct Refusal {
    /// How long the pager waits before it repeats the request.
    enum Pace {
        /// Exponential backoff, for a problem that usually ends without help.
        case backoff
        /// A request about once a minute, for trouble that a person has to correct.
        case probe
    }

    let kind: PagerTrouble.Kind
    let what: String
    let advice: String
    let pace: Pace

    init(
        _ response: HTTPResponse, _ error: OktaError, isStoredCursor: Bool, isRepeated: Bool, tokenReplacement: String
    ) {
        var error = error
        // If an access token was refused, the error code in `WWW-Authenticate` is more precise than the one in the body.
        error.code = BearerChallenge.code(in: response) ?? error.code
        let said = error.text.map { " (\($0))" } ?? ""
        let status = response.status
        let foreign = ForeignAnswer(response)
        what = foreign.map { "the org's address \($0.what)" } ?? "Okta answered \(status)\(said)"
        switch status {
        case 401:
            (kind, pace) = (.unauthorized, .probe)
            advice = Self.unauthorizedAdvice(error, tokenReplacement)
        case 403:
            (kind, pace) = (.forbidden, .probe)
            advice = Self.forbiddenAdvice(error)
        case 400 where isStoredCursor, 404 where isStoredCursor, 410 where isStoredCursor:
            // Okta documents only 400 for a link that it no longer knows, but may also answer 404 or 410.
            (kind, pace) = isRepeated ? (.cursorRefused, .probe) : (.serverFailure, .backoff)
            advice =
                isRepeated
                ? "Nothing is lost: Tributary queries the log by time, starting before the first uncollected event"
                : "No action is needed unless this problem occurs again"
        case 400, 414:
            (kind, pace) = (.refusedQuery, .probe)
            advice =
                status == 414
                ? "Shorten the filter of this integration"
                : "Check the filter and the start in this integration's configuration"
        case 404, 405, 410:
            (kind, pace) = (.wrongAddress, .probe)
            advice =
                foreign == nil
                ? "Check that the URL of this integration is an Okta org's own address" : ForeignAnswer.advice
        case 300..<400:
            (kind, pace) = (.redirected, .backoff)
            advice = ForeignAnswer.advice
        case 204, 408, 425, 500...:
            (kind, pace) = (.serverFailure, .backoff)
            advice = "If the problem persists, see Okta's status page"
        default:
            (kind, pace) = (.refused, .probe)
            advice =
                "Check the URL, and check for a proxy that changes traffic; Okta's support can find the request by its id"
        }
    }

    private static func unauthorizedAdvice(_ error: OktaError, _ tokenReplacement: String) -> String {
        switch error.code {
        case "invalid_token", "invalid_dpop_proof", "use_dpop_nonce", "access_token_not_dpop_bound",
            "dpop_proof_required_for_token", "dpop_authentication_scheme_required":
            "Okta refuses the service app's access token, and also a new one: check that the app is active, that the URL is the org's"
                + " own, and that no proxy changes headers or the host name"
        case "E0000011", "E0000004":
            "The token is wrong, revoked, expired (30 days without use), or not allowed from this network:"
                + " make a new one (Admin Console, Security > API > Tokens), then run: \(tokenReplacement)"
        case "E0000015":
            "The org has no access to the System Log API: ask Okta's support, and check that the URL is that of the right org"
        default:
            error.isHTML || error.code == nil
                ? "Check the token, and whether a proxy asks for a login"
                : "Check the credential of this integration"
        }
    }

    private static func forbiddenAdvice(_ error: OktaError) -> String {
        switch error.code {
        case "E0000005":
            "Okta found no API token in the request: check that the secret file contains one"
        case "E0000006":
            "The token's owner is not allowed to read the System Log: give the owner, or the service app, the role Read-only Administrator or"
                + " Report Administrator"
        case "insufficient_scope":
            "Grant okta.logs.read to the service app (Applications > the app > Okta API Scopes)"
        case "E0000015":
            "The org has no access to the System Log API: ask Okta's support, and check that the URL is that of the right org"
        case "E0000260":
            "The org is deactivated: ask Okta's support"
        default:
            "Check the role of the token's owner and the token's network zone, and check for a proxy that refuses requests"
        }
    }
}
